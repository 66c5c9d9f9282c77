package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
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

// work takes jobs from Redis until the process ends. BRPOP blocks, so it has a connection of its own.
func (s *server) work(ctx context.Context) {
	var queue *redisClient
	trouble := ""
	for ctx.Err() == nil {
		var id string
		var err error
		if queue == nil {
			queue, err = redisConfig(s.getenv)
		}
		if err == nil {
			id, err = queue.pop(ctx)
		}
		if err != nil {
			if ctx.Err() == nil && err.Error() != trouble { // once per cause, not once per try
				trouble = err.Error()
				log.Printf("queue: %v", err)
			}
			pause(ctx, time.Second)
			continue
		}
		if trouble != "" {
			log.Print("queue: works again")
			trouble = ""
		}
		if id != "" {
			s.process(ctx, id)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// process may see a job twice (see sweep): only a queued job is run, and the update says so again.
func (s *server) process(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	for {
		err := s.processOnce(ctx, id)
		if err == nil {
			return
		}
		log.Printf("job %s: %v", id, err)
		if ctx.Err() != nil {
			return // still queued in the database: sweep brings it back
		}
		pause(ctx, 2*time.Second)
	}
}

func (s *server) processOnce(ctx context.Context, id string) error {
	j, payload, err := s.loadJob(ctx, id)
	if err != nil || j.Status != "queued" {
		return err
	}
	handler, known := jobKinds[j.Kind]
	if !known {
		handler = func(context.Context, *server, json.RawMessage) (any, error) {
			return nil, fmt.Errorf("%w: unknown kind %q", errBadJob, j.Kind)
		}
	}
	status := "done"
	result, err := handler(ctx, s, json.RawMessage(payload))
	if errors.Is(err, errBadJob) {
		status, result, err = "failed", err.Error(), nil
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	db, err := s.backends.db()
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "UPDATE standin_jobs SET status = ?, result = ?, done_by = ?, done_at = UTC_TIMESTAMP(6) WHERE id = ? AND status = 'queued'",
		status, string(text), s.name+" "+podName(), id)
	return err
}

// sweep puts jobs back that the queue lost: Redis was restarted without persistence, or a worker died.
func (s *server) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		pause(ctx, 20*time.Second)
		if err := s.requeueLost(ctx); err != nil && ctx.Err() == nil {
			log.Printf("sweep: %v", err)
		}
	}
}

func (s *server) requeueLost(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	db, err := s.backends.db()
	if err != nil {
		return err
	}
	queue, err := s.backends.redis()
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, "SELECT id FROM standin_jobs WHERE status = 'queued' AND created_at < CURRENT_TIMESTAMP(6) - INTERVAL 20 SECOND LIMIT 100")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		log.Printf("job %s: queued again", id)
		if err := queue.push(ctx, id); err != nil {
			return err
		}
	}
	return rows.Err()
}
