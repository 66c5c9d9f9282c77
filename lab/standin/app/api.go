package main

import (
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"strconv"
	"time"
)

const maxGraphQL = 64 << 20 // also of a file stream

func (s *server) routeAPI(mux *http.ServeMux) {
	guarded := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.guarded(h, w, r)
		})
	}
	for _, path := range []string{"/graphql", "/graphql2"} {
		mux.HandleFunc("GET "+path, s.handleGraphQL)
		mux.HandleFunc("POST "+path, s.handleGraphQL)
	}
	mux.HandleFunc("GET /api/info", s.handleInfo)
	guarded("POST /api/runs", s.createRun)
	guarded("GET /api/runs", s.listRuns)
	guarded("GET /api/runs/{id}", s.getRun)
	guarded("POST /api/runs/{id}/files", s.presignPut)
	guarded("GET /api/runs/{id}/files", s.presignGet)
	guarded("POST /api/jobs", s.createJob)
	guarded("GET /api/jobs/{id}", s.getJob)
	guarded("POST /api/selftest", s.selftest)
	guarded("POST /files/{entity}/{project}/{run}/file_stream", s.handleFileStream)
	mux.HandleFunc("POST /sdk/otel/", s.handleTelemetry)
	guarded("GET /artifactsV2/{region}/{entity}/{project}/{collection}/{birth}/{digest}/{name}", s.handleArtifactFile)
}

// handleTelemetry takes the SDK's figures about itself, which it sends without a key, and drops them: an empty answer is a complete success of OTLP.
func (s *server) handleTelemetry(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxGraphQL))
	w.Header().Set("Content-Type", "application/x-protobuf")
}

const wantedKey = "wrong or no API key; expected basic auth with user api and the key of GLOBAL_ADMIN_API_KEY"

// guarded asks for the key, and answers errors: the client's own with their status, all others with 503, so that the SDK tries again.
func (s *server) guarded(h func(http.ResponseWriter, *http.Request) error, w http.ResponseWriter, r *http.Request) {
	if !s.allowed(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="W&B API key"`)
		writeError(w, http.StatusUnauthorized, wantedKey)
		return
	}
	err := h(w, r)
	if err == nil {
		return
	}
	status := http.StatusServiceUnavailable
	var refused refusal
	if errors.As(err, &refused) {
		status = refused.status
	}
	log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
	writeError(w, status, err.Error())
}

// allowed: the API is open until GLOBAL_ADMIN_API_KEY is set; then it wants the key as the W&B SDK sends it.
func (s *server) allowed(r *http.Request) bool {
	want := s.getenv("GLOBAL_ADMIN_API_KEY")
	if want == "" {
		return true
	}
	_, given, _ := r.BasicAuth()
	return subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}

func (s *server) handleInfo(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"standin": true, "version": version, "component": s.name, "pod": podName(), "host": s.getenv("HOST"),
		"license": s.getenv("LICENSE") != "", "worker": s.getenv("STANDIN_WORKER") == "true", "notice": "This is the lab's stand-in for W&B's closed images, not W&B."})
}

func (s *server) createJob(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Kind    string          `json:"kind"`
		Payload json.RawMessage `json:"payload"`
	}
	if !readJSON(w, r, &in) {
		return nil
	}
	if _, known := jobKinds[in.Kind]; !known || in.Kind == "file-uploaded" {
		writeError(w, http.StatusBadRequest, "unknown kind "+strconv.Quote(in.Kind)+"; expected echo, count-runs or checksum")
		return nil
	}
	if len(in.Payload) == 0 {
		in.Payload = json.RawMessage("null")
	}
	id, err := s.enqueue(r.Context(), in.Kind, string(in.Payload))
	if err == nil {
		writeJSON(w, http.StatusAccepted, map[string]string{"id": id, "status": "queued"})
	}
	return err
}

// getJob answers at once, or with ?wait=<seconds> as soon as the job is done.
func (s *server) getJob(w http.ResponseWriter, r *http.Request) error {
	wait, _ := strconv.Atoi(r.URL.Query().Get("wait"))
	j, err := s.awaitJob(r.Context(), r.PathValue("id"), time.Duration(min(max(wait, 0), 30))*time.Second)
	if errors.Is(err, sql.ErrNoRows) {
		writeError(w, http.StatusNotFound, "there is no job "+r.PathValue("id"))
		return nil
	}
	if err == nil {
		writeJSON(w, http.StatusOK, j)
	}
	return err
}
