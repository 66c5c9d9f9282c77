package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

type run struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created_at"`
	Files   []string  `json:"files,omitempty"`
}

func (s *server) createRun(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `json:"name"`
	}
	if !readJSON(w, r, &in) {
		return nil
	}
	if in.Name == "" || len(in.Name) > 255 {
		writeError(w, http.StatusBadRequest, "name has "+strconv.Itoa(len(in.Name))+" bytes; expected 1 to 255")
		return nil
	}
	out, err := s.insertRun(r.Context(), in.Name)
	if err == nil {
		writeJSON(w, http.StatusCreated, out)
	}
	return err
}

func (s *server) insertRun(ctx context.Context, name string) (run, error) {
	db, err := s.backends.db()
	if err != nil {
		return run{}, err
	}
	out := run{ID: newID(8), Name: name, Created: time.Now().UTC().Truncate(time.Microsecond)}
	_, err = db.ExecContext(ctx, "INSERT INTO standin_runs (id, name, created_at) VALUES (?, ?, ?)", out.ID, out.Name, out.Created)
	return out, err
}

func (s *server) listRuns(w http.ResponseWriter, r *http.Request) error {
	db, err := s.backends.db()
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(r.Context(), "SELECT id, name, created_at FROM standin_runs ORDER BY created_at DESC LIMIT 50")
	if err != nil {
		return err
	}
	defer rows.Close()
	list := []run{}
	for rows.Next() {
		var x run
		if err := rows.Scan(&x.ID, &x.Name, &x.Created); err != nil {
			return err
		}
		list = append(list, x)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"runs": list})
	return nil
}

// findRun answers 404 itself and then returns nil.
func (s *server) findRun(w http.ResponseWriter, r *http.Request) (*run, *sql.DB, error) {
	db, err := s.backends.db()
	if err != nil {
		return nil, nil, err
	}
	x := run{ID: r.PathValue("id")}
	err = db.QueryRowContext(r.Context(), "SELECT name, created_at FROM standin_runs WHERE id = ?", x.ID).Scan(&x.Name, &x.Created)
	if errors.Is(err, sql.ErrNoRows) {
		writeError(w, http.StatusNotFound, "there is no run "+x.ID)
		return nil, db, nil
	}
	return &x, db, err
}

func (s *server) getRun(w http.ResponseWriter, r *http.Request) error {
	x, db, err := s.findRun(w, r)
	if err != nil || x == nil {
		return err
	}
	rows, err := db.QueryContext(r.Context(), "SELECT name FROM standin_files WHERE run_id = ? ORDER BY name LIMIT 1000", x.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		x.Files = append(x.Files, name)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, x)
	return nil
}

func objectKey(runID, name string) string { return "runs/" + runID + "/" + name }

// fileName refuses what would leave the run's own prefix in the bucket.
func fileName(r *http.Request) (string, string) {
	name := r.URL.Query().Get("name")
	if name == "" {
		return "", "the query has no name; expected ?name=<file>"
	}
	if bad := badFileName(name); bad != "" {
		return "", "name " + bad
	}
	return name, ""
}

func badFileName(name string) string {
	if len(name) > 512 {
		return "is longer than 512 bytes"
	}
	for _, part := range strings.Split(name, "/") {
		if part == "" || part == "." || part == ".." {
			return "has an empty part, . or .. between its slashes"
		}
	}
	return ""
}

func (s *server) presignPut(w http.ResponseWriter, r *http.Request) error {
	name, bad := fileName(r)
	if bad != "" {
		writeError(w, http.StatusBadRequest, bad)
		return nil
	}
	x, db, err := s.findRun(w, r)
	if err != nil || x == nil {
		return err
	}
	k, err := s.backends.bucket()
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(r.Context(), "INSERT IGNORE INTO standin_files (run_id, name) VALUES (?, ?)", x.ID, name); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, presigned(k, http.MethodPut, objectKey(x.ID, name), writeFor))
	return nil
}

func (s *server) presignGet(w http.ResponseWriter, r *http.Request) error {
	if !r.URL.Query().Has("name") {
		return s.getRun(w, r)
	}
	name, bad := fileName(r)
	if bad != "" {
		writeError(w, http.StatusBadRequest, bad)
		return nil
	}
	x, db, err := s.findRun(w, r)
	if err != nil || x == nil {
		return err
	}
	var one int
	err = db.QueryRowContext(r.Context(), "SELECT 1 FROM standin_files WHERE run_id = ? AND name = ?", x.ID, name).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		writeError(w, http.StatusNotFound, "run "+x.ID+" has no file "+strconv.Quote(name))
		return nil
	}
	if err != nil {
		return err
	}
	k, err := s.backends.bucket()
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, presigned(k, http.MethodGet, objectKey(x.ID, name), readFor))
	return nil
}

func presigned(k *bucket, method, key string, lifetime time.Duration) map[string]any {
	return map[string]any{"method": method, "url": k.presign(method, key, lifetime, time.Now()), "expires_in": int(lifetime.Seconds()), "key": key}
}
