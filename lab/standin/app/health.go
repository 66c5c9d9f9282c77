package main

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const checkTimeout = 2 * time.Second

type checkResult struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
	Reason string `json:"reason,omitempty"`
	Millis int64  `json:"ms"`
}

type cachedCheck struct {
	at     time.Time
	result checkResult
}

// check asks one dependency; answers younger than a second are reused, so that probes cost little.
func (b *backends) check(ctx context.Context, name string) checkResult {
	b.mu.Lock()
	c, ok := b.cached[name]
	b.mu.Unlock()
	if ok && time.Since(c.at) < time.Second {
		return c.result
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	start := time.Now()
	detail, err := b.ask(ctx, name)
	res := checkResult{OK: err == nil, Detail: detail, Millis: time.Since(start).Milliseconds()}
	if err != nil {
		res.Detail, res.Reason = "", err.Error()
	}
	b.mu.Lock()
	b.cached[name] = cachedCheck{time.Now(), res}
	b.mu.Unlock()
	return res
}

func (b *backends) ask(ctx context.Context, name string) (string, error) {
	switch name {
	case "mysql":
		return checkDB(ctx, b)
	case "redis":
		r, err := b.redis()
		if err != nil {
			return "", err
		}
		return r.check(ctx)
	default:
		k, err := b.bucket()
		if err != nil {
			return "", err
		}
		return k.check(ctx)
	}
}

// readiness asks all dependencies of the component at the same time.
func (s *server) readiness(ctx context.Context) (bool, map[string]checkResult) {
	results := make(map[string]checkResult, len(s.comp.needs))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, name := range s.comp.needs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			r := s.backends.check(context.WithoutCancel(ctx), name)
			mu.Lock()
			results[name] = r
			mu.Unlock()
		}()
	}
	wg.Wait()
	ok := true
	for _, r := range results {
		ok = ok && r.OK
	}
	return ok, results
}

func (s *server) handleReady(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"status": "shutting down", "component": s.name})
		return
	}
	ok, results := s.readiness(r.Context())
	if !ok {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"status": "not ready", "component": s.name, "checks": results})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": "ready", "component": s.name, "checks": results})
}

func (s *server) handleLive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"status": "alive", "component": s.name})
}
