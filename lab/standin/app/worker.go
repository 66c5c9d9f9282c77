package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"
)

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
