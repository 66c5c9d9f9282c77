package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const sdkKey = "local-0123456789abcdef0123456789abcdef01234567"

// front stands for the ingress: TLS with the site's own CA, and each request goes to the next pod.
type front struct {
	*httptest.Server
	mu   sync.Mutex
	turn int
	pods []*url.URL
	seen map[string]int // "POST file_stream 503": how often
}

func (f *front) next() *url.URL {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn++
	return f.pods[f.turn%len(f.pods)]
}

// forget is what an ingress does with a pod that is not ready.
func (f *front) forget(pod string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pods = slices.DeleteFunc(f.pods, func(u *url.URL) bool { return u.String() == pod })
}

func (s *site) startFront(pods ...string) *front {
	f := &front{seen: map[string]int{}}
	for _, pod := range pods {
		u, err := url.Parse(pod)
		if err != nil {
			s.t.Fatal(err)
		}
		f.pods = append(f.pods, u)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(f.next()) },
		ModifyResponse: func(r *http.Response) error { f.note(r.Request, r.StatusCode); return nil },
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) {
			f.note(r, http.StatusBadGateway)
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	pair, err := tls.LoadX509KeyPair(s.dir+"/ca.pem", s.dir+"/key.pem")
	if err != nil {
		s.t.Fatal(err)
	}
	f.Server = httptest.NewUnstartedServer(proxy)
	f.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	f.StartTLS()
	s.t.Cleanup(f.Close)
	return f
}

func (f *front) note(r *http.Request, status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[fmt.Sprintf("%s %s %d", r.Method, filepath.Base(r.URL.Path), status)]++
}

// answered is how often a pod, or nobody in its place, gave answers that end like this.
func (f *front) answered(what string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for seen, times := range f.seen {
		if strings.HasSuffix(seen, what) {
			n += times
		}
	}
	return n
}

// output takes stdout and stderr of one program.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// sdk is one program with W&B's SDK, on a machine that knows nothing of the site but what is in its environment.
type sdk struct {
	cmd    *exec.Cmd
	out    output
	lines  *bufio.Reader // of stdout
	input  io.WriteCloser
	cancel context.CancelFunc
}

// newSDK needs STANDIN_SDK: the Python of an environment with requirements/wandb.txt.
func (s *site) newSDK(f *front, key string, args ...string) *sdk {
	s.t.Helper()
	home := filepath.Join(s.dir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 4*time.Minute)
	c := &sdk{cmd: exec.CommandContext(ctx, os.Getenv("STANDIN_SDK"), args...), cancel: cancel}
	s.t.Cleanup(cancel)
	c.cmd.Dir = home
	c.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "WANDB_BASE_URL=" + strings.Replace(f.URL, "127.0.0.1", "localhost", 1), "WANDB_API_KEY=" + key, "PYTHONUTF8=1",
		// The first is for wandb-core (Go) and httpx, the second for what the SDK does with requests: downloads of artifacts, verify's look at CORS.
		"SSL_CERT_FILE=" + s.dir + "/ca.pem", "REQUESTS_CA_BUNDLE=" + s.dir + "/ca.pem"}
	c.cmd.Stderr = &c.out
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	c.lines = bufio.NewReader(io.TeeReader(stdout, &c.out))
	if c.input, err = c.cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (c *sdk) end() (string, error) {
	defer c.cancel()
	c.input.Close()
	_, _ = io.Copy(io.Discard, c.lines)
	err := c.cmd.Wait()
	return c.out.String(), err
}

func (s *site) mustSDK(t *testing.T, f *front, args ...string) string {
	t.Helper()
	out, err := s.newSDK(f, sdkKey, args...).end()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

var trouble = regexp.MustCompile(`(?i)warning|error`)

// W&B's own SDK logs, reads, and does not notice when a part of the site is gone for a while.
func TestSDK(t *testing.T) {
	if os.Getenv("STANDIN_SDK") == "" {
		t.Skip("STANDIN_SDK is missing: no Python with W&B's SDK to test with")
	}
	s := newSite(t)
	stopDB, stopRedis, stopS3 := s.startMySQL(), s.startRedis(), s.startMinIO()
	s.createAccount()
	s.createBucket()
	s.env["GLOBAL_ADMIN_API_KEY"] = sdkKey
	bin := s.build()
	pod1, _ := s.startPod(bin, "app")
	pod2, stopPod2 := s.startPod(bin, "app")
	s.ready(pod1, 200, "", "")
	s.ready(pod2, 200, "", "")
	f := s.startFront(pod1, pod2)
	client, err := filepath.Abs("../sdk/client.py")
	if err != nil {
		t.Fatal(err)
	}

	t.Run("a run is logged, read back and resumed", func(t *testing.T) {
		for _, verb := range []string{"log", "read", "resume", "read", "offline"} {
			if out := s.mustSDK(t, f, client, verb, "run.json"); trouble.MatchString(out) {
				t.Errorf("%s says:\n%s", verb, out)
			}
		}
		for what, n := range f.seen {
			if !strings.HasSuffix(what, " 200") {
				t.Errorf("%s: %d times", what, n)
			}
		}
	})
	t.Run("wandb verify", func(t *testing.T) {
		out := s.mustSDK(t, f, "-m", "wandb", "verify", "--host", strings.Replace(f.URL, "127.0.0.1", "localhost", 1))
		if passed, failed := strings.Count(out, "\u2705"), strings.Count(out, "\u274c"); passed != 10 || failed != 0 {
			t.Errorf("%d checks passed, expected 10; %d failed\n%s", passed, failed, out)
		}
	})
	t.Run("the page", func(t *testing.T) {
		req, _ := http.NewRequest("GET", pod1+"/runs", nil)
		for _, key := range []string{"", sdkKey} {
			if key != "" {
				req.SetBasicAuth("api", key)
			}
			resp, err := s.client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			text := string(body)
			shown := strings.Contains(text, "<polyline") && strings.Contains(text, "<b>loss</b>") && strings.Contains(text, "stand-in, not W&amp;B")
			if key == "" && resp.StatusCode != 401 || key != "" && (resp.StatusCode != 200 || !shown) {
				t.Errorf("key %q: %d %s", key, resp.StatusCode, text)
			}
		}
	})
	t.Run("a wrong key", func(t *testing.T) {
		out, err := s.newSDK(f, strings.Replace(sdkKey, "0", "1", 1), client, "log", "wrong.json").end()
		if err == nil || !strings.Contains(out, "401") && !strings.Contains(out, "not valid") && !strings.Contains(out, "not logged in") {
			t.Errorf("%v\n%s", err, out)
		}
	})

	// gone starts a run, takes something away in the middle, brings it back once the SDK has met its absence, and reads the run.
	gone := func(name string, take func() (met func() bool), back func()) {
		t.Run(name+" is gone for a while", func(t *testing.T) {
			state := strings.ReplaceAll(name, " ", "-") + ".json"
			c := s.newSDK(f, sdkKey, client, "interrupted", state)
			for line := ""; line != "half\n"; {
				var err error
				if line, err = c.lines.ReadString('\n'); err != nil {
					t.Fatalf("%v\n%s", err, c.out.String())
				}
			}
			met := take()
			if _, err := io.WriteString(c.input, "go on\n"); err != nil {
				t.Fatal(err)
			}
			s.eventually("the SDK meets it", func() error {
				if !met() {
					return fmt.Errorf("not yet: %v", f.seen)
				}
				return nil
			})
			back()
			if out, err := c.end(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			s.mustSDK(t, f, client, "complete", state)
		})
	}
	refused := func(what string) func() bool {
		before := f.answered(what)
		return func() bool { return f.answered(what) > before }
	}
	var nobody net.Listener
	gone("the object store", func() func() bool {
		stopS3()
		var tried atomic.Int64
		s.eventually("the port is free", func() (err error) { nobody, err = net.Listen("tcp", "127.0.0.1:"+s.s3Port); return err })
		go func() {
			for {
				conn, err := nobody.Accept()
				if err != nil {
					return
				}
				tried.Add(1)
				conn.Close()
			}
		}()
		return func() bool { return tried.Load() > 3 }
	}, func() { nobody.Close(); stopS3 = s.startMinIO() })
	gone("MySQL", func() func() bool { stopDB(); return refused("file_stream 503") }, func() { s.startMySQL() })
	gone("Redis", func() func() bool { stopRedis(); return refused("file_stream 503") }, func() { s.startRedis() })
	gone("a pod", func() func() bool { stopPod2(); return refused(" 502") }, func() { f.forget(pod2) })
}
