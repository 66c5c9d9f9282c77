package main

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

func trackedKey(run int64, name string) string {
	return "tracked/" + strconv.FormatInt(run, 10) + "/" + name
}

type trackedFile struct {
	name, etag string
	size       int64
	updated    time.Time
}

// findFiles: those that are known to have arrived in the bucket.
func (g *graph) findFiles(run int64) (list []trackedFile, err error) {
	query := "SELECT name, etag, size, updated_at FROM standin_tracked_files WHERE run_id = ? AND size IS NOT NULL ORDER BY name"
	return list, g.rows(query, []any{run}, func(scan func(...any) error) error {
		var f trackedFile
		err := scan(&f.name, &f.etag, &f.size, &f.updated)
		list = append(list, f)
		return err
	})
}

func (g *graph) fileCount(run int64) (any, error) {
	list, err := g.findFiles(run)
	return len(list), err
}

// files by exact names, or by a pattern of SQL's LIKE with %.
func (g *graph) files(r tracked, args arguments) (any, error) {
	list, err := g.findFiles(r.id)
	if err != nil {
		return nil, err
	}
	k, err := g.s.backends.bucket()
	if err != nil {
		return nil, err
	}
	names := args.texts("names")
	for i, name := range names {
		names[i] = path.Clean(name)
	}
	pattern, filtered := args["pattern"].(string)
	var nodes []object
	for _, f := range list {
		if len(names) > 0 && !slices.Contains(names, f.name) || filtered && !like(f.name, pattern) {
			continue
		}
		get := k.presign(http.MethodGet, trackedKey(r.id, f.name), readFor, time.Now())
		nodes = append(nodes, object{"File", fields{
			"id": nodeID("Run", r.id) + "/" + f.name, "name": f.name, "displayName": f.name, "sizeBytes": f.size, "mimetype": mime.TypeByExtension(path.Ext(f.name)), "md5": optional(f.etag),
			"digest": nil, "storagePath": trackedKey(r.id, f.name), "updatedAt": timestamp(f.updated), "directUrl": get,
			"url": resolver(func(args arguments) (any, error) {
				if args.flag("upload") {
					return k.presign(http.MethodPut, trackedKey(r.id, f.name), writeFor, time.Now()), nil
				}
				return get, nil
			}),
		}})
	}
	return connection("File", nodes, args), nil
}

func like(name, pattern string) bool {
	parts := strings.Split(pattern, "%")
	if len(parts) == 1 {
		return name == pattern
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	for _, middle := range parts[1 : len(parts)-1] {
		if ok {
			_, rest, ok = strings.Cut(rest, middle)
		}
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}

// createRunFiles: where to upload. A file counts only when fileUploaded has seen it.
func (g *graph) createRunFiles(in arguments) (any, error) {
	r, err := g.needRun(in.text("entityName"), in.text("projectName"), in.text("runName"))
	if err != nil {
		return nil, err
	}
	k, err := g.s.backends.bucket()
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, name := range in.texts("files") {
		if bad := badFileName(name); bad != "" {
			return nil, refuse(http.StatusBadRequest, "the file %q: its name %s", name, bad)
		}
		if _, err := g.exec("INSERT IGNORE INTO standin_tracked_files (run_id, name) VALUES (?, ?)", r.id, name); err != nil {
			return nil, err
		}
		list = append(list, object{"File", fields{"name": name, "uploadUrl": k.presign(http.MethodPut, trackedKey(r.id, name), writeFor, time.Now())}})
	}
	return object{"CreateRunFilesPayload", fields{"runID": nodeID("Run", r.id), "uploadHeaders": []string{}, "files": list}}, nil
}

func (g *graph) markRunFilesUploaded(in arguments) (any, error) {
	r, err := g.needRun(in.text("entityName"), in.text("projectName"), in.text("runName"))
	if err != nil {
		return nil, err
	}
	for _, name := range in.texts("files") {
		if err := g.fileUploaded(r.id, name); err != nil {
			return nil, err
		}
	}
	return object{"MarkRunFilesUploadedPayload", fields{"success": true}}, nil
}

// fileUploaded hands the file to the worker: without a working queue a file that was uploaded does not show.
func (g *graph) fileUploaded(run int64, name string) error {
	payload, err := json.Marshal(uploadedFile{Run: run, Name: name})
	if err != nil {
		return err
	}
	_, err = g.s.enqueue(g.ctx, "file-uploaded", string(payload))
	return err
}

type uploadedFile struct {
	Run  int64
	Name string
}

// recordUpload is the worker's part: it asks the bucket how large the file is.
func recordUpload(ctx context.Context, s *server, payload json.RawMessage) (any, error) {
	var in uploadedFile
	if err := json.Unmarshal(payload, &in); err != nil || badFileName(in.Name) != "" {
		return nil, fmt.Errorf(`%w: expected the payload {"Run": …, "Name": …}`, errBadJob)
	}
	k, err := s.backends.bucket()
	if err != nil {
		return nil, err
	}
	size, etag, found, err := k.head(ctx, trackedKey(in.Run, in.Name))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("%w: the bucket has no file %s of run %d", errBadJob, in.Name, in.Run)
	}
	g := &graph{ctx: ctx, s: s}
	_, err = g.exec(`INSERT INTO standin_tracked_files (run_id, name, size, etag) VALUES (?, ?, ?, ?)
		ON DUPLICATE KEY UPDATE size = VALUES(size), etag = VALUES(etag), updated_at = UTC_TIMESTAMP(6)`, in.Run, in.Name, size, etag)
	return map[string]any{"bytes": size}, err
}
