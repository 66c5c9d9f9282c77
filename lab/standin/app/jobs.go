package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

type job struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Status  string          `json:"status"`
	Result  json.RawMessage `json:"result,omitempty"`
	DoneBy  string          `json:"done_by,omitempty"`
	Created time.Time       `json:"created_at"`
	Done    *time.Time      `json:"done_at,omitempty"`
}

// errBadJob is the client's fault: such a job fails for good, all other errors are tried again.
var errBadJob = errors.New("bad job")

var jobKinds = map[string]func(context.Context, *server, json.RawMessage) (any, error){
	"echo": func(_ context.Context, _ *server, payload json.RawMessage) (any, error) { return payload, nil },
	"count-runs": func(ctx context.Context, s *server, _ json.RawMessage) (any, error) {
		db, err := s.backends.db()
		if err != nil {
			return nil, err
		}
		var n int
		err = db.QueryRowContext(ctx, "SELECT COUNT(*) FROM standin_runs").Scan(&n)
		return n, err
	},
	"file-uploaded": recordUpload,
	"checksum": func(ctx context.Context, s *server, payload json.RawMessage) (any, error) {
		var in struct{ Run, Name string }
		if err := json.Unmarshal(payload, &in); err != nil || in.Run == "" || in.Name == "" {
			return nil, fmt.Errorf(`%w: expected the payload {"run": …, "name": …}`, errBadJob)
		}
		k, err := s.backends.bucket()
		if err != nil {
			return nil, err
		}
		body, err := k.call(ctx, http.MethodGet, objectKey(in.Run, in.Name), nil)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		return map[string]any{"bytes": len(body), "sha256": hex.EncodeToString(sum[:])}, nil
	},
}

// enqueue writes the job to the database first: a queue that loses its memory loses no job (see sweep).
func (s *server) enqueue(ctx context.Context, kind, payload string) (string, error) {
	db, err := s.backends.db()
	if err != nil {
		return "", err
	}
	queue, err := s.backends.redis()
	if err != nil {
		return "", err
	}
	id := newID(16)
	if _, err := db.ExecContext(ctx, "INSERT INTO standin_jobs (id, kind, payload) VALUES (?, ?, ?)", id, kind, payload); err != nil {
		return "", err
	}
	return id, queue.push(ctx, id)
}

func (s *server) loadJob(ctx context.Context, id string) (job, string, error) {
	db, err := s.backends.db()
	if err != nil {
		return job{}, "", err
	}
	var payload string
	var result, doneBy *string
	j := job{ID: id}
	err = db.QueryRowContext(ctx, "SELECT kind, payload, status, result, done_by, created_at, done_at FROM standin_jobs WHERE id = ?", id).
		Scan(&j.Kind, &payload, &j.Status, &result, &doneBy, &j.Created, &j.Done)
	if result != nil {
		j.Result = json.RawMessage(*result)
	}
	if doneBy != nil {
		j.DoneBy = *doneBy
	}
	return j, payload, err
}

func (s *server) awaitJob(ctx context.Context, id string, wait time.Duration) (job, error) {
	deadline := time.Now().Add(wait)
	for {
		j, _, err := s.loadJob(ctx, id)
		if err != nil || j.Status != "queued" || time.Now().After(deadline) {
			return j, err
		}
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
