package main

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"log"
	"net/http"
	"sync/atomic"
	"time"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

type server struct {
	name     string
	comp     component
	backends *backends
	getenv   lookup
	draining atomic.Bool
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/healthz", s.comp.live} {
		if path != "" {
			mux.HandleFunc("GET "+path, s.handleLive)
		}
	}
	for _, path := range []string{"/ready", s.comp.ready} {
		if path != "" {
			mux.HandleFunc("GET "+path, s.handleReady)
		}
	}
	if s.comp.web {
		mux.HandleFunc("GET /{$}", s.handlePage)
	}
	if s.comp.api {
		s.routeAPI(mux)
	}
	if s.comp.web && s.comp.api { // pages that the SDK prints the addresses of
		for path, h := range map[string]func(http.ResponseWriter, *http.Request) error{
			"/runs": s.handleRuns, "/" + entityName + "/{project}": s.handleRuns, "/" + entityName + "/{project}/runs/{run}": s.handleRun} {
			mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { s.guarded(h, w, r) })
		}
	}
	if s.name == "console" {
		mux.HandleFunc("GET /console", s.handlePage)
		mux.HandleFunc("GET /console/{$}", s.handlePage)
		mux.HandleFunc("GET /console/api/status", s.handleConsoleStatus)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, "the stand-in's "+s.name+" has nothing at "+r.URL.Path)
	})
	return s.mark(mux)
}

// mark puts the component's name on every answer, so that a route to the wrong backend is seen at once.
func (s *server) mark(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Standin-Component", s.name)
		h.Set("X-Standin-Version", version)
		h.Set("X-Standin-Pod", podName())
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		start := time.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		// Successful probes say nothing new; all else is worth a line.
		if rec.status >= 400 || r.Method != http.MethodGet {
			log.Printf("%s %s %d %dms", r.Method, r.URL.Path, rec.status, time.Since(start).Milliseconds())
		}
	})
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (s *server) handlePage(w http.ResponseWriter, r *http.Request) {
	ok, checks := s.readiness(r.Context())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	err := page.Execute(w, map[string]any{"Component": s.name, "Pod": podName(), "Version": version, "Host": s.getenv("HOST"),
		"License": s.getenv("LICENSE") != "", "OK": ok, "Checks": checks, "Console": s.name == "console", "Runs": s.comp.web && s.comp.api})
	if err != nil {
		log.Print(err)
	}
}

// handleConsoleStatus asks for the password of Secret <release>-password, like the login of the real console.
func (s *server) handleConsoleStatus(w http.ResponseWriter, r *http.Request) {
	_, given, _ := r.BasicAuth()
	want := s.getenv("CONSOLE_PASSWORD")
	if want == "" || subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		w.Header().Set("WWW-Authenticate", `Basic realm="console"`)
		writeError(w, http.StatusUnauthorized, "the console wants the password of Secret <release>-password; any user name will do")
		return
	}
	s.handleReady(w, r)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // presigned URLs stay readable
	if err := enc.Encode(v); err != nil {
		log.Print(err)
	}
}

func writeError(w http.ResponseWriter, status int, reason string) {
	writeJSON(w, status, map[string]string{"error": reason})
}

// readJSON reads a small body; it answers the client itself when that fails.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(into)
	if err == nil {
		return true
	}
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		writeError(w, http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
	case errors.Is(err, io.EOF):
		writeError(w, http.StatusBadRequest, "the body is empty; expected JSON")
	default:
		writeError(w, http.StatusBadRequest, "the body is not the expected JSON: "+err.Error())
	}
	return false
}

func newID(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567" // 32: no bias
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b)
}

// withoutURL drops the URL that net/http puts into its errors: it is presigned.
func withoutURL(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}
