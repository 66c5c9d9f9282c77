package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// crashedAfter: a run whose SDK says nothing for so long (it sends a heartbeat every 30 s) is taken for crashed.
const crashedAfter = 5 * time.Minute

// tracked is a run of W&B's SDK. Config and summary are JSON as the SDK sent it.
type tracked struct {
	id, projectID                                                                                  int64
	project, name, displayName, state, config, summary, tags, notes, group, jobType, commit, sweep string
	stopped                                                                                        bool
	created, heartbeat                                                                             time.Time
}

func (g *graph) findRuns(where string, args ...any) (list []tracked, err error) {
	query := `SELECT r.id, r.project_id, p.name, r.name, r.display_name, r.state, r.config, r.summary, r.tags, r.notes, r.run_group, r.job_type, r.git_commit, r.sweep, r.stopped,
		r.created_at, r.heartbeat_at FROM standin_tracked r JOIN standin_projects p ON p.id = r.project_id ` + where
	return list, g.rows(query, args, func(scan func(...any) error) error {
		var r tracked
		err := scan(&r.id, &r.projectID, &r.project, &r.name, &r.displayName, &r.state, &r.config, &r.summary, &r.tags, &r.notes, &r.group, &r.jobType, &r.commit, &r.sweep, &r.stopped,
			&r.created, &r.heartbeat)
		if r.state == "running" && time.Since(r.heartbeat) > crashedAfter {
			r.state = "crashed"
		}
		list = append(list, r)
		return err
	})
}

func (g *graph) findTracked(projectID int64, name string) (*tracked, error) {
	list, err := g.findRuns("WHERE r.project_id = ? AND r.name = ?", projectID, name)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// needRun finds the run that a mutation names.
func (g *graph) needRun(entity, projectName, name string) (*tracked, error) {
	p, err := g.findProject(entity, projectName)
	if err != nil {
		return nil, err
	}
	if p != nil {
		r, err := g.findTracked(p.id, name)
		if err != nil || r != nil {
			return r, err
		}
	}
	return nil, refuse(http.StatusNotFound, "there is no run %s/%s/%s", entity, projectName, name)
}

func (g *graph) runByName(p project, name string) (any, error) {
	r, err := g.findTracked(p.id, name)
	if err != nil || r == nil {
		return nil, err
	}
	return g.run(*r), nil
}

func (g *graph) runByID(id string) (*tracked, error) {
	number, ok := parseID("Run", id)
	if ok {
		list, err := g.findRuns("WHERE r.id = ?", number)
		if err != nil {
			return nil, err
		}
		if len(list) == 1 {
			return &list[0], nil
		}
	}
	return nil, refuse(http.StatusNotFound, "there is no run with the id %q", id)
}

// runs knows the filters of the SDK's simplest uses: state, name (the run's id) and displayName, each a value.
func (g *graph) matching(p project, args arguments) ([]tracked, error) {
	filters := map[string]any{}
	if text := args.text("filters"); text != "" {
		if err := json.Unmarshal([]byte(text), &filters); err != nil {
			return nil, refuse(http.StatusBadRequest, "the filters are no JSON object: %v", err)
		}
	}
	order := "r.created_at"
	if strings.HasPrefix(args.text("order"), "-") {
		order += " DESC"
	}
	list, err := g.findRuns("WHERE r.project_id = ? ORDER BY "+order, p.id)
	if err != nil {
		return nil, err
	}
	for key, want := range filters {
		field, known := map[string]func(tracked) string{"state": func(r tracked) string { return r.state }, "name": func(r tracked) string { return r.name },
			"displayName": func(r tracked) string { return r.displayName }, "display_name": func(r tracked) string { return r.displayName }}[key]
		text, plainText := want.(string)
		if !known || !plainText {
			return nil, refuse(http.StatusBadRequest, "the stand-in filters runs by a value of state, name or displayName, not by %q", key)
		}
		list = slices.DeleteFunc(list, func(r tracked) bool { return field(r) != text })
	}
	return list, nil
}

func (g *graph) runs(p project, args arguments) (any, error) {
	list, err := g.matching(p, args)
	if err != nil {
		return nil, err
	}
	return connection("Run", g.runObjects(list), args), nil
}

func (g *graph) runObjects(list []tracked) []object {
	var nodes []object
	for _, r := range list {
		nodes = append(nodes, g.run(r))
	}
	return nodes
}

func (g *graph) runCount(p project, args arguments) (any, error) {
	list, err := g.matching(p, args)
	return len(list), err
}

func (g *graph) run(r tracked) object {
	tags := []string{}
	_ = json.Unmarshal([]byte(r.tags), &tags) // written by upsertBucket
	p := project{id: r.projectID, name: r.project}
	count := func(stream string) resolver {
		return func(arguments) (any, error) { return g.lineCount(r.id, stream) }
	}
	tail := func(stream string) resolver {
		return func(arguments) (any, error) { return g.tail(r.id, stream) }
	}
	return object{"Run", fields{
		"id": nodeID("Run", r.id), "name": r.name, "displayName": r.displayName, "projectId": r.projectID, "project": resolver(func(arguments) (any, error) { return g.project(p), nil }),
		"state": r.state, "config": r.config, "summaryMetrics": r.summary, "tags": tags, "notes": optional(r.notes), "description": optional(r.notes), "group": optional(r.group),
		"groupName": optional(r.group), "jobType": optional(r.jobType), "commit": optional(r.commit), "sweepName": optional(r.sweep), "readOnly": false, "user": user(),
		"createdAt": timestamp(r.created), "updatedAt": timestamp(r.heartbeat), "heartbeatAt": timestamp(r.heartbeat), "stopped": r.stopped, "shouldStop": r.stopped,
		"historyLineCount": count("history"), "eventsLineCount": count("events"), "logLineCount": count("output"),
		"logLines":    resolver(func(args arguments) (any, error) { return g.logLines(r.id, args) }),
		"historyTail": tail("history"), "eventsTail": tail("events"),
		"wandbConfig": resolver(func(args arguments) (any, error) { return wandbConfig(r.config, args.texts("keys")) }),
		"systemMetrics": resolver(func(arguments) (any, error) {
			lines, err := g.lines(r.id, "events", "ORDER BY number DESC LIMIT 1")
			return lastOr(lines, "{}"), err
		}),
		"historyKeys": resolver(func(arguments) (any, error) { return g.historyKeys(r.id) }),
		"history":     resolver(func(args arguments) (any, error) { return g.history(r.id, args) }),
		"events": resolver(func(args arguments) (any, error) {
			lines, err := g.lines(r.id, "events", "ORDER BY number")
			return sample(lines, int(args.number("samples", 500))), err
		}),
		"sampledHistory": resolver(func(args arguments) (any, error) { return g.sampledHistory(r.id, args.texts("specs")) }),
		// History is always served live: the stand-in exports no Parquet.
		"parquetHistory":  object{"ParquetHistory", fields{"parquetUrls": []string{}, "liveData": []any{}}},
		"fileCount":       resolver(func(arguments) (any, error) { return g.fileCount(r.id) }),
		"files":           resolver(func(args arguments) (any, error) { return g.files(r, args) }),
		"outputArtifacts": resolver(func(args arguments) (any, error) { return g.runArtifacts("a.run_id = ?", r.id, args) }),
		"inputArtifacts": resolver(func(args arguments) (any, error) {
			return g.runArtifacts("a.id IN (SELECT artifact_id FROM standin_used_artifacts WHERE run_id = ?)", r.id, args)
		}),
	}}
}

func lastOr(lines []string, otherwise string) string {
	if len(lines) == 0 {
		return otherwise
	}
	return lines[len(lines)-1]
}

// wandbConfig is the SDK's own part of the config: by its key t the SDK knows that a run has begun, so that it can resume it.
func wandbConfig(config string, keys []string) (any, error) {
	var all struct {
		Own struct {
			Value map[string]json.RawMessage `json:"value"`
		} `json:"_wandb"`
	}
	if err := json.Unmarshal([]byte(config), &all); err != nil {
		return nil, err
	}
	chosen := map[string]json.RawMessage{}
	for _, k := range keys {
		if v, ok := all.Own.Value[k]; ok {
			chosen[k] = v
		}
	}
	text, err := json.Marshal(chosen)
	return string(text), err
}

// upsertBucket creates or changes a run; what is not given stays as it is.
func (g *graph) upsertBucket(in arguments) (any, error) {
	var r *tracked
	inserted := false
	if id := in.text("id"); id != "" {
		var err error
		if r, err = g.runByID(id); err != nil {
			return nil, err
		}
	} else {
		p, err := g.ensureProject(in.text("entityName"), in.text("modelName"))
		if err != nil {
			return nil, err
		}
		name := or(in.text("name"), newID(8))
		if len(name) > 128 || strings.ContainsAny(name, `/\#?%:`) {
			return nil, refuse(http.StatusBadRequest, "the run id %q is longer than 128 bytes or has one of / \\ # ? %% :", name)
		}
		made, err := g.exec(`INSERT IGNORE INTO standin_tracked (project_id, name, display_name, state, config, summary, tags, notes) VALUES (?, ?, ?, ?, '{}', '{}', '[]', '')`,
			p.id, name, or(in.text("displayName"), name), or(in.text("state"), "running"))
		if err != nil {
			return nil, err
		}
		n, err := made.RowsAffected()
		if err != nil {
			return nil, err
		}
		inserted = n == 1
		if r, err = g.findTracked(p.id, name); err != nil || r == nil {
			return nil, errors.Join(err, errors.New("the run is gone again"))
		}
	}
	var set []string
	var values []any
	for argument, column := range map[string]string{"displayName": "display_name", "state": "state", "config": "config", "summaryMetrics": "summary", "notes": "notes",
		"groupName": "run_group", "jobType": "job_type", "commit": "git_commit", "sweep": "sweep"} {
		if text, given := in[argument].(string); given {
			set, values = append(set, column+" = ?"), append(values, text)
		}
	}
	if in["tags"] != nil {
		text, err := json.Marshal(in.texts("tags"))
		if err != nil {
			return nil, err
		}
		set, values = append(set, "tags = ?"), append(values, string(text))
	}
	if len(set) > 0 {
		if _, err := g.exec("UPDATE standin_tracked SET "+strings.Join(set, ", ")+" WHERE id = ?", append(values, r.id)...); err != nil {
			return nil, err
		}
	}
	after, err := g.runByID(nodeID("Run", r.id))
	if err != nil {
		return nil, err
	}
	return object{"UpsertBucketPayload", fields{"bucket": g.run(*after), "inserted": inserted}}, nil
}

// stopRun: the SDK hears of it in the answer to its next heartbeat.
func (g *graph) stopRun(in arguments) (any, error) {
	r, err := g.runByID(in.text("id"))
	if err != nil {
		return nil, err
	}
	_, err = g.exec("UPDATE standin_tracked SET stopped = TRUE WHERE id = ?", r.id)
	return object{"StopRunPayload", fields{"success": err == nil}}, err
}

// deleteRun takes the files with it, and the artifacts that it logged if the SDK says so.
func (g *graph) deleteRun(in arguments) (any, error) {
	r, err := g.runByID(in.text("id"))
	if err != nil {
		return nil, err
	}
	list, err := g.findFiles(r.id)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		if err := g.s.bucketCall(g.ctx, http.MethodDelete, trackedKey(r.id, f.name), nil, nil); err != nil {
			return nil, err
		}
	}
	if all, _ := in["deleteArtifacts"].(bool); all {
		artifacts, err := g.findArtifacts("WHERE a.run_id = ?", r.id)
		if err != nil {
			return nil, err
		}
		for _, a := range artifacts {
			if err := g.deleteArtifact(a); err != nil {
				return nil, err
			}
		}
	}
	for _, statement := range []string{"DELETE FROM standin_used_artifacts WHERE run_id = ?", "DELETE FROM standin_lines WHERE run_id = ?", "DELETE FROM standin_tracked_files WHERE run_id = ?", "DELETE FROM standin_tracked WHERE id = ?"} {
		if _, err := g.exec(statement, r.id); err != nil {
			return nil, err
		}
	}
	return object{"DeleteRunPayload", fields{"clientMutationId": nil}}, nil
}

// streams of a run, by the file name that the SDK gives them.
var streams = map[string]string{"wandb-history.jsonl": "history", "wandb-events.jsonl": "events", "output.log": "output", "wandb-summary.json": "summary"}

// handleFileStream takes what a run logs. Each line has its number, so a request that the SDK sends twice changes nothing.
func (s *server) handleFileStream(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r, maxGraphQL)
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, "the body could not be read: "+err.Error())
		return nil
	}
	var in struct {
		Files map[string]struct {
			Offset  int
			Content []string
		}
		Uploaded   []string
		Preempting *bool
		Complete   *bool
		ExitCode   *int
	}
	if err := json.Unmarshal(body, &in); err != nil {
		writeError(w, http.StatusBadRequest, "the body is not the expected JSON: "+err.Error())
		return nil
	}
	g := &graph{ctx: r.Context(), s: s}
	found, err := g.needRun(r.PathValue("entity"), r.PathValue("project"), r.PathValue("run"))
	if err != nil {
		return err
	}
	state := "running"
	switch {
	case in.Complete != nil && *in.Complete && in.ExitCode != nil && *in.ExitCode != 0:
		state = "failed"
	case in.Complete != nil && *in.Complete:
		state = "finished"
	case in.Preempting != nil && *in.Preempting:
		state = "preempting"
	}
	db, err := g.db()
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(g.ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after the commit it does nothing
	for file, chunk := range in.Files {
		stream, known := streams[file]
		if !known {
			writeError(w, http.StatusBadRequest, "the stand-in has no stream "+file)
			return nil
		}
		if stream != "output" {
			for i := range chunk.Content {
				if chunk.Content[i], err = strict(chunk.Content[i]); err != nil {
					return err
				}
			}
		}
		if stream == "summary" {
			if len(chunk.Content) > 0 {
				if _, err := tx.ExecContext(g.ctx, "UPDATE standin_tracked SET summary = ? WHERE id = ?", chunk.Content[len(chunk.Content)-1], found.id); err != nil {
					return err
				}
			}
			continue
		}
		if err := writeLines(g, tx, found.id, stream, chunk.Offset, chunk.Content); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(g.ctx, "UPDATE standin_tracked SET state = ?, heartbeat_at = UTC_TIMESTAMP(6) WHERE id = ?", state, found.id); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	// Last: a request that fails here is sent again, and its lines are there already.
	for _, name := range in.Uploaded {
		if err := g.fileUploaded(found.id, name); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"exitcode": nil, "limits": map[string]any{}, "stopped": found.stopped})
	return nil
}

func writeLines(g *graph, tx *sql.Tx, run int64, stream string, offset int, lines []string) error {
	for batch := range slices.Chunk(lines, 500) {
		var values []any
		for i, line := range batch {
			values = append(values, run, stream, offset+i, line)
		}
		query := "INSERT INTO standin_lines (run_id, stream, number, line) VALUES " + strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?), ", len(batch)), ", ") +
			" ON DUPLICATE KEY UPDATE line = VALUES(line)"
		if _, err := tx.ExecContext(g.ctx, query, values...); err != nil {
			return err
		}
		offset += len(batch)
	}
	return nil
}
