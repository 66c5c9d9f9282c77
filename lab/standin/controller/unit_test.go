package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseChart(t *testing.T) {
	for raw, want := range map[string]string{
		``:                                  "spec.chart is empty",
		`{}`:                                "spec.chart is empty",
		`{"version":"1"}`:                   "neither path nor url",
		`{"url":"http://x"}`:                "name is empty",
		`{"url":"oci://x/y"}`:               "version is empty",
		`{"url":"oci://x","name":"y"}`:      "beside an oci:// url",
		`{"url":"http://x","nmae":"y"}`:     "nmae",
		`{"url":"http://x","name":"y"}`:     "",
		`{"url":"oci://x/y","version":"1"}`: "",
		`{"path":"/charts/operator-wandb"}`: "",
	} {
		_, err := parseChart(json.RawMessage(raw))
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestOverlay(t *testing.T) {
	got, err := overlayJSON(json.RawMessage(`{"a":{"x":1,"y":[1,2]},"b":12345678901234567890}`), json.RawMessage(`{"a":{"y":[3],"z":null}}`))
	if err != nil || string(got) != `{"a":{"x":1,"y":[3],"z":null},"b":12345678901234567890}` {
		t.Fatal(string(got), err)
	}
}

func TestUnpackPath(t *testing.T) {
	dir := t.TempDir()
	to, tgz := filepath.Join(dir, "out"), "\x1f\x8bchart"
	write := func(s string) string {
		f := filepath.Join(dir, "in")
		if err := os.WriteFile(f, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, content := range []string{tgz, base64.StdEncoding.EncodeToString([]byte(tgz)) + "\n"} {
		if err := unpackPath(write(content), to); err != nil {
			t.Fatal(err)
		}
		if raw, _ := os.ReadFile(to); string(raw) != tgz {
			t.Fatalf("%q", raw)
		}
	}
	for from, want := range map[string]string{dir: "is a directory", write("hello"): "neither", filepath.Join(dir, "no"): "no such file"} {
		if err := unpackPath(from, to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", from, err)
		}
	}
}

func TestQueueKeepsEarlierTime(t *testing.T) {
	q := newQueue()
	q.add("a", time.Hour)
	q.add("b", 20*time.Millisecond)
	q.add("b", time.Hour)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if key, ok := q.next(ctx); !ok || key != "b" {
		t.Fatal(key, ok)
	}
	q.add("a", 0)
	if key, ok := q.next(ctx); !ok || key != "a" {
		t.Fatal(key, ok)
	}
}

func TestWatchedNamespaces(t *testing.T) {
	if got := watchedNamespaces(""); len(got) != 1 || got[0] != "" {
		t.Fatal(got)
	}
	if got := watchedNamespaces("a, b,"); len(got) != 2 || got[1] != "b" {
		t.Fatal(got)
	}
}
