package main

import (
	"context"
	"sync"
	"time"
)

// queue holds object keys with the time they are due; adding a key again keeps the earlier time.
type queue struct {
	mu   sync.Mutex
	due  map[string]time.Time
	wake chan struct{}
}

func newQueue() *queue { return &queue{due: map[string]time.Time{}, wake: make(chan struct{}, 1)} }

func (q *queue) add(key string, after time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := time.Now().Add(after)
	if old, ok := q.due[key]; !ok || at.Before(old) {
		q.due[key] = at
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next waits for a key that is due and takes it out; false when ctx ends.
func (q *queue) next(ctx context.Context) (string, bool) {
	for {
		key, wait := q.first()
		if key != "" && wait <= 0 {
			q.mu.Lock()
			delete(q.due, key)
			q.mu.Unlock()
			return key, ctx.Err() == nil
		}
		if key == "" {
			wait = time.Hour
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return "", false
		case <-q.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (q *queue) first() (string, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	best, at := "", time.Time{}
	for k, t := range q.due {
		if best == "" || t.Before(at) {
			best, at = k, t
		}
	}
	return best, time.Until(at)
}
