package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

type step struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
	Millis int64  `json:"ms"`
}

// selftest uses database, bucket and queue once for real and removes its traces.
func (s *server) selftest(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
	defer cancel()
	var steps []step
	ok := true
	do := func(name string, f func() error) {
		if !ok {
			return
		}
		start := time.Now()
		x := step{Name: name, OK: true}
		if err := f(); err != nil {
			x.OK, x.Reason, ok = false, err.Error(), false
		}
		x.Millis = time.Since(start).Milliseconds()
		steps = append(steps, x)
	}
	var created run
	body := []byte("stand-in selftest " + newID(16))
	do("mysql: write a row", func() (err error) { created, err = s.insertRun(ctx, "selftest"); return })
	key := objectKey(created.ID, "selftest.txt")
	do("bucket: presigned PUT", func() error { return s.bucketCall(ctx, http.MethodPut, key, body, nil) })
	do("bucket: presigned GET", func() error { return s.bucketCall(ctx, http.MethodGet, key, nil, body) })
	do("redis: job through the queue", func() error { return s.selftestJob(ctx, created.ID) })
	if created.ID != "" {
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		do("clean up", func() error { return s.selftestCleanup(bye, created.ID, key) })
	}
	status := http.StatusOK
	if !ok {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, map[string]any{"ok": ok, "component": s.name, "pod": podName(), "steps": steps})
	return nil
}

func (s *server) bucketCall(ctx context.Context, method, key string, body, want []byte) error {
	k, err := s.backends.bucket()
	if err != nil {
		return err
	}
	got, err := k.call(ctx, method, key, body)
	if err == nil && want != nil && !bytes.Equal(got, want) {
		return fmt.Errorf("read %d bytes that differ from the %d written", len(got), len(want))
	}
	return err
}

func (s *server) selftestJob(ctx context.Context, runID string) error {
	payload, err := json.Marshal(map[string]string{"run": runID, "name": "selftest.txt"})
	if err != nil {
		return err
	}
	id, err := s.enqueue(ctx, "checksum", string(payload))
	if err != nil {
		return err
	}
	j, err := s.awaitJob(ctx, id, 10*time.Second)
	if err == nil && j.Status != "done" {
		return fmt.Errorf("job %s is %s after 10 s; expected done: does a worker run (executor, or api without executor)?", id, j.Status)
	}
	return err
}

func (s *server) selftestCleanup(ctx context.Context, runID, key string) error {
	if err := s.bucketCall(ctx, http.MethodDelete, key, nil, nil); err != nil {
		return err
	}
	db, err := s.backends.db()
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "DELETE FROM standin_runs WHERE id = ?", runID)
	return err
}
