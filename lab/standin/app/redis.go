package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

const queueKey = "standin:jobs"

// redisClient speaks just enough RESP for a queue: one connection, dialled again after an error.
type redisClient struct {
	addr, user, password string
	tls                  *tls.Config

	mu   sync.Mutex
	conn net.Conn
	in   *bufio.Reader
}

// redisError is an answer of the server; the connection is still in order.
type redisError string

func (e redisError) Error() string { return "Redis answers: " + string(e) }

func (r *redisClient) dial(ctx context.Context) error {
	d := net.Dialer{Timeout: 2 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", r.addr)
	if err != nil {
		return err
	}
	if r.tls != nil {
		t := tls.Client(conn, r.tls)
		if err := t.HandshakeContext(ctx); err != nil {
			conn.Close()
			return err
		}
		conn = t
	}
	r.conn, r.in = conn, bufio.NewReader(conn)
	if r.password == "" {
		return nil
	}
	auth := []string{"AUTH", r.password}
	if r.user != "" {
		auth = []string{"AUTH", r.user, r.password}
	}
	if _, err := r.roundTrip(ctx, auth); err != nil {
		r.drop()
		return fmt.Errorf("AUTH: %w", err)
	}
	return nil
}

func (r *redisClient) drop() {
	if r.conn != nil {
		r.conn.Close()
	}
	r.conn = nil
}

// do sends one command. A connection that went stale since the last command is replaced once.
func (r *redisClient) do(ctx context.Context, args ...string) (any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reused := r.conn != nil
	for {
		if r.conn == nil {
			if err := r.dial(ctx); err != nil {
				return nil, fmt.Errorf("Redis at %s: %w", r.addr, err)
			}
		}
		answer, err := r.roundTrip(ctx, args)
		var refused redisError
		if err == nil || errors.As(err, &refused) {
			return answer, err
		}
		r.drop()
		if !reused || ctx.Err() != nil {
			return nil, fmt.Errorf("Redis at %s: %w", r.addr, err)
		}
		reused = false
	}
}

func (r *redisClient) roundTrip(ctx context.Context, args []string) (any, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(5 * time.Second)
	}
	if err := r.conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&out, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := io.WriteString(r.conn, out.String()); err != nil {
		return nil, err
	}
	return readRESP(r.in)
}

func readRESP(in *bufio.Reader) (any, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return nil, errors.New("empty line in the answer")
	}
	rest := line[1:]
	switch line[0] {
	case '+':
		return rest, nil
	case '-':
		return nil, redisError(rest)
	case ':':
		return strconv.ParseInt(rest, 10, 64)
	case '$', '*':
		n, err := strconv.Atoi(rest)
		if err != nil || n > 64<<20 {
			return nil, fmt.Errorf("bad length %q in the answer", rest)
		}
		if n < 0 {
			return nil, nil
		}
		if line[0] == '$' {
			buf := make([]byte, n+2)
			_, err := io.ReadFull(in, buf)
			return string(buf[:n]), err
		}
		list := make([]any, n)
		for i := range list {
			if list[i], err = readRESP(in); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return nil, fmt.Errorf("unexpected answer %q: is this Redis, and is TLS set the right way?", line)
}

func (r *redisClient) push(ctx context.Context, id string) error {
	_, err := r.do(ctx, "LPUSH", queueKey, id)
	return err
}

// pop waits up to 5 s for a job; "" means none came. Give the worker a client of its own: this blocks it.
func (r *redisClient) pop(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	answer, err := r.do(ctx, "BRPOP", queueKey, "5")
	if pair, ok := answer.([]any); ok && len(pair) == 2 {
		id, _ := pair[1].(string)
		return id, err
	}
	return "", err
}

func (r *redisClient) check(ctx context.Context) (string, error) {
	if _, err := r.do(ctx, "PING"); err != nil {
		return "", err
	}
	// A server in trouble (disk full, replica) answers PING but refuses writes: write.
	if _, err := r.do(ctx, "SET", "standin:ready", "1", "EX", "60"); err != nil {
		return "", err
	}
	info, err := r.do(ctx, "INFO", "server")
	if err != nil {
		return "connected", nil //nolint:nilerr // INFO may be forbidden by ACL; the queue works without it
	}
	_, after, _ := strings.Cut(fmt.Sprint(info), "redis_version:")
	v, _, _ := strings.Cut(after, "\r")
	return "Redis " + v, nil
}
