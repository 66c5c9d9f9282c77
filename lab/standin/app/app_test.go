package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func env(pairs ...string) lookup {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(k string) string { return m[k] }
}

// The example of the SigV4 documentation (query string authentication).
func TestPresignKnownSignature(t *testing.T) {
	b := &bucket{scheme: "https", host: "s3.amazonaws.com", name: "examplebucket", region: "us-east-1",
		accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	got := b.presign("GET", "test.txt", 24*time.Hour, time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC))
	if !strings.HasSuffix(got, "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404") {
		t.Fatal(got)
	}
}

func TestPresignPathStyleAndEscaping(t *testing.T) {
	b := &bucket{scheme: "http", host: "s3.lab.test:9000", name: "files", region: "r", accessKey: "a", secretKey: "s", pathStyle: true}
	got := b.presign("PUT", "runs/1/ä b+.txt", writeFor, time.Now())
	if !strings.HasPrefix(got, "http://s3.lab.test:9000/files/runs/1/%C3%A4%20b%2B.txt?") || !strings.Contains(got, "X-Amz-Expires=86400&") {
		t.Fatal(got)
	}
}

func TestBucketConfig(t *testing.T) {
	b, err := bucketConfig(env("BUCKET", "s3://k:s@s3.lab.test:9000/files?tls=true&forcePathStyle=true", "AWS_REGION", "us-east-1"))
	if err != nil || b.scheme != "https" || !b.pathStyle || b.name != "files" || b.region != "us-east-1" || b.host != "s3.lab.test:9000" {
		t.Fatalf("%+v %v", b, err)
	}
	if b, err = bucketConfig(env("BUCKET", "s3://k:s@h/files")); err != nil || b.scheme != "http" || b.region != "us-west-1" {
		t.Fatalf("defaults: %+v %v", b, err)
	}
	for raw, want := range map[string]string{
		"": "not set", "s3://k:s@name": "expected host[:port]/bucket", "s3://k@h/files": "no secret key",
		"s3://$(BUCKET_ACCESS_KEY):$(BUCKET_SECRET_KEY)@h/files": "refers to BUCKET_ACCESS_KEY",
		"s3://k:to/p#secret@h/files":                             "letters and digits only",
	} {
		_, err := bucketConfig(env("BUCKET", raw))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestMySQLConfig(t *testing.T) {
	c, err := mysqlConfig(env("MYSQL", "mysql://wandb_local:abc@db1:3307/wandb_local?tls=preferred"))
	if err != nil || c.Addr != "db1:3307" || c.Passwd != "abc" || c.DBName != "wandb_local" || c.TLSConfig != "preferred" || !c.RejectReadOnly {
		t.Fatalf("%+v %v", c, err)
	}
	c, err = mysqlConfig(env("MYSQL_HOST", "db1", "MYSQL_USER", "u", "MYSQL_PASSWORD", "p/w", "MYSQL_DATABASE", "d"))
	if err != nil || c.Addr != "db1:3306" || c.Passwd != "p/w" {
		t.Fatalf("%+v %v", c, err)
	}
	if _, err = mysqlConfig(env("MYSQL", "mysql://u:a#b/secret@h/d")); err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatal(err)
	}
	if _, err = mysqlConfig(env("MYSQL", "mysql://u:p@h/d?tls=preferred&ssl-ca=/nonexistent")); err == nil || !strings.Contains(err.Error(), "/nonexistent") {
		t.Fatal(err)
	}
}

func TestRedisConfig(t *testing.T) {
	r, err := redisConfig(env("REDIS", "redis://:pw@store1:6379?ttlInSeconds=604800&tls=true"))
	if err != nil || r.addr != "store1:6379" || r.password != "pw" || r.tls == nil || r.tls.ServerName != "store1" {
		t.Fatalf("%+v %v", r, err)
	}
	if _, err = redisConfig(env("REDIS", "redis://:$(REDIS_PASSWORD)@store1:6379")); err == nil || !strings.Contains(err.Error(), "REDIS_PASSWORD") {
		t.Fatal(err)
	}
	if _, err = redisConfig(env("REDIS", "redis://h:6379?master=x")); err == nil || !strings.Contains(err.Error(), "single Redis") {
		t.Fatal(err)
	}
}

func TestReadRESP(t *testing.T) {
	got, err := readRESP(bufio.NewReader(strings.NewReader("*2\r\n$3\r\nkey\r\n:7\r\n")))
	if list, ok := got.([]any); err != nil || !ok || list[0] != "key" || list[1] != int64(7) {
		t.Fatal(got, err)
	}
	if _, err := readRESP(bufio.NewReader(strings.NewReader("-NOAUTH who are you\r\n"))); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Fatal(err)
	}
	if _, err := readRESP(bufio.NewReader(strings.NewReader("HTTP/1.1 400\r\n"))); err == nil || !strings.Contains(err.Error(), "is this Redis") {
		t.Fatal(err)
	}
}

func call(t *testing.T, s *server, method, path, body string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	s.handler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	var got map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &got)
	return w, got
}

func newServer(name string, e lookup) *server {
	return &server{name: name, comp: components[name], getenv: e, backends: newBackends(e)}
}

// Each component carries its name on every answer, also on errors, and serves the paths of the real one.
func TestHeadersAndHealthPaths(t *testing.T) {
	for name, c := range components {
		s := newServer(name, env())
		for _, path := range []string{"/healthz", c.live} {
			if path == "" {
				continue
			}
			if w, _ := call(t, s, "GET", path, ""); w.Code != 200 || w.Header().Get("X-Standin-Component") != name {
				t.Errorf("%s %s: %d %v", name, path, w.Code, w.Header())
			}
		}
		if w, _ := call(t, s, "GET", "/no/such", ""); w.Code != 404 || w.Header().Get("X-Standin-Component") != name {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

func TestReadySaysWhy(t *testing.T) {
	w, got := call(t, newServer("api", env("MYSQL", "mysql://u:p@127.0.0.1:1/d", "BUCKET", "s3://k:s@127.0.0.1:1/b")), "GET", "/ready", "")
	checks, _ := got["checks"].(map[string]any)
	for name, want := range map[string]string{"mysql": "connection refused", "redis": "neither REDIS nor REDIS_HOST", "bucket": "connection refused"} {
		c, _ := checks[name].(map[string]any)
		reason, _ := c["reason"].(string)
		if w.Code != 503 || !strings.Contains(reason, want) {
			t.Errorf("%s: %d %v", name, w.Code, c)
		}
	}
	if w, _ := call(t, newServer("frontend", env()), "GET", "/ready", ""); w.Code != 200 {
		t.Errorf("frontend needs nothing: %d", w.Code)
	}
}

func TestBadRequests(t *testing.T) {
	s := newServer("api", env())
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/api/runs", "", "empty"}, {"POST", "/api/runs", "{", "not the expected JSON"}, {"POST", "/api/runs", `{"name":""}`, "1 to 255"},
		{"POST", "/api/jobs", `{"kind":"rm"}`, "unknown kind"}, {"POST", "/api/runs/x/files", "", "no name"},
		{"POST", "/api/runs/x/files?name=../../y", "", ".."}, {"GET", "/api/runs/x/files?name=a//b", "", "empty part"},
	} {
		w, got := call(t, s, c.method, c.path, c.body)
		reason, _ := got["error"].(string)
		if w.Code != http.StatusBadRequest || !strings.Contains(reason, c.want) {
			t.Errorf("%s %s: %d %v", c.method, c.path, w.Code, got)
		}
	}
}

func TestAPIKey(t *testing.T) {
	s := newServer("api", env("GLOBAL_ADMIN_API_KEY", "local-1"))
	r := httptest.NewRequest("POST", "/api/runs", strings.NewReader(`{"name":""}`))
	w := httptest.NewRecorder()
	if s.handler().ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
		t.Fatal(w.Code)
	}
	r.SetBasicAuth("api", "local-1")
	w = httptest.NewRecorder()
	if s.handler().ServeHTTP(w, r); w.Code != http.StatusBadRequest {
		t.Fatal(w.Code)
	}
}

// A body limit on the way shows in what arrived; no key is needed for that, and no service.
func TestGraphQLCountsLargeBody(t *testing.T) {
	s := newServer("api", env("GLOBAL_ADMIN_API_KEY", "local-1"))
	w, got := call(t, s, "POST", "/graphql", `{"query": "query { __typename }", "variables": {"padding": "`+strings.Repeat("x", 11<<20)+`"}}`)
	ext, _ := got["extensions"].(map[string]any)
	if n, _ := ext["bodyBytes"].(float64); w.Code != 200 || n < 11<<20 || fmt.Sprint(got["data"]) != "map[__typename:Query]" {
		t.Fatal(w.Code, got)
	}
	if w, got = call(t, s, "POST", "/graphql", "no JSON"); w.Code != 400 || got["error"] == nil || fmt.Sprint(got["extensions"].(map[string]any)["bodyBytes"]) != "7" {
		t.Fatal(w.Code, got)
	}
}

func TestConsolePassword(t *testing.T) {
	s := newServer("console", env("CONSOLE_PASSWORD", "x"))
	r := httptest.NewRequest("GET", "/console/api/status", nil)
	r.SetBasicAuth("any", "y")
	w := httptest.NewRecorder()
	if s.handler().ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
		t.Fatal(w.Code)
	}
	if w, _ := call(t, s, "GET", "/console", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "stand-in, not W&amp;B") {
		t.Fatal(w.Code, w.Body)
	}
}
