package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The part of W&B's GraphQL API that its SDK needs to log a run, to read it back, and for `wandb verify`. The names are
// those that the SDK (MIT) sends; the answers are the stand-in's own.

const (
	userName   = "admin"   // the only user
	entityName = "standin" // and the only entity: all projects are here, and its name says what this is
	sdkVersion = "0.31.0"  // what the stand-in is tested with: requirements/wandb.txt
)

// refusal is the client's fault: the answer has its status, and the SDK does not try again. Every other error is 503.
type refusal struct {
	status  int
	message string
}

func (r refusal) Error() string { return r.message }

func refuse(status int, format string, args ...any) error {
	return refusal{status, fmt.Sprintf(format, args...)}
}

// graph answers one request.
type graph struct {
	ctx context.Context
	s   *server
}

func (g *graph) db() (*sql.DB, error) { return g.s.backends.db() }

// handleGraphQL says how much arrived, whatever it was, so that a body limit on the way shows up.
func (s *server) handleGraphQL(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r, maxGraphQL)
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, "the body could not be read: "+err.Error())
		return
	}
	answer := map[string]any{"extensions": map[string]any{"component": s.name, "bodyBytes": len(body), "path": r.URL.Path}}
	status := http.StatusOK
	answer["data"], err = s.answerGraphQL(r, body)
	if err != nil {
		status = http.StatusServiceUnavailable
		var refused refusal
		if errors.As(err, &refused) {
			status = refused.status
		}
		log.Printf("graphql: %v", err)
		delete(answer, "data")
		answer["error"], answer["errors"] = err.Error(), []any{map[string]any{"message": err.Error()}}
	}
	writeJSON(w, status, answer)
}

func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	var in io.Reader = http.MaxBytesReader(w, r.Body, limit)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = io.LimitReader(unzipped, limit)
	}
	return io.ReadAll(in)
}

// open: what may be asked without a key.
var openFields = []string{"__typename", "serverInfo", "viewer"}

func (s *server) answerGraphQL(r *http.Request, body []byte) (any, error) {
	var in struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // steps are 64 bit wide
	if err := decoder.Decode(&in); err != nil || in.Query == "" {
		return nil, refuse(http.StatusBadRequest, `the body is not {"query": …, "variables": …}`)
	}
	doc, err := parseGraphQL(in.Query)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the query does not parse: %v", err)
	}
	_, _, given := r.BasicAuth()
	open := !slices.ContainsFunc(doc.selections, func(f selection) bool { return !slices.Contains(openFields, f.name) })
	if !s.allowed(r) && (given || !open) {
		return nil, refuse(http.StatusUnauthorized, "user is not logged in: %s", wantedKey)
	}
	g := &graph{ctx: r.Context(), s: s}
	for k, v := range in.Variables {
		in.Variables[k] = plain(v)
	}
	x := &execution{doc: doc, variables: in.Variables}
	return x.run(map[string]object{"query": g.query(given), "mutation": g.mutation()})
}

// plain makes int64 or float64 of each number.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// features of a server that the SDK asks for: those that the stand-in has.
var features = []string{"CLIENT_IDS", "FILESTREAM_GZIP", "MARK_RUN_FILES_UPLOADED", "TOTAL_COUNT_IN_FILE_CONNECTION", "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION"}

func (g *graph) query(loggedIn bool) object {
	project := resolver(func(args arguments) (any, error) { return g.projectByName(args) })
	return object{"Query", fields{
		"viewer": resolver(func(arguments) (any, error) {
			if !loggedIn {
				return nil, nil
			}
			return user(), nil
		}),
		"serverInfo": g.serverInfo(),
		"project":    project,
		"model":      project,
		"models": resolver(func(args arguments) (any, error) {
			return g.projects(args)
		}),
		"entity": resolver(func(args arguments) (any, error) {
			if args.text("name") != entityName {
				return nil, nil
			}
			return entity(), nil
		}),
		"organization":       nil,
		"artifact":           resolver(func(args arguments) (any, error) { return g.artifactByID(args.text("id")) }),
		"artifactCollection": resolver(func(args arguments) (any, error) { return g.collectionByID(args.text("id")) }),
		"clientIDMapping":    resolver(g.clientIDMapping),
	}}
}

func (g *graph) mutation() object {
	f := fields{}
	for name, do := range map[string]func(arguments) (any, error){
		"upsertModel": g.upsertModel, "upsertBucket": g.upsertBucket, "createRunFiles": g.createRunFiles, "markRunFilesUploaded": g.markRunFilesUploaded,
		"stopRun": g.stopRun, "deleteRun": g.deleteRun,
		"createArtifact": g.createArtifact, "createArtifactManifest": g.createArtifactManifest, "updateArtifactManifest": g.updateArtifactManifest,
		"createArtifactFiles": g.createArtifactFiles, "commitArtifact": g.commitArtifact, "useArtifact": g.useArtifact, "updateArtifact": g.updateArtifact,
		"addAliases": g.addAliases, "deleteAliases": g.deleteAliases,
		"upsertSweep": g.upsertSweep, "createAgent": g.createAgent, "agentHeartbeat": g.agentHeartbeat,
	} {
		f[name] = resolver(func(args arguments) (any, error) { return do(args.object("input")) })
	}
	return object{"Mutation", f}
}

func (g *graph) serverInfo() object {
	var list []object
	for _, name := range features {
		list = append(list, object{"ServerFeature", fields{"name": name, "isEnabled": true}})
	}
	return object{"ServerInfo", fields{
		"standin": true, "features": list,
		// The SDK compares itself with these two, and the stand-in is tested with one version.
		"cliVersionInfo":         map[string]string{"min_cli_version": sdkVersion, "max_cli_version": sdkVersion},
		"latestLocalVersionInfo": object{"LocalVersionInfo", fields{"versionOnThisInstanceString": version, "latestVersionString": version, "outOfDate": false}},
	}}
}

func user() object {
	return object{"User", fields{"id": nodeID("User", 1), "name": "Stand-in", "username": userName, "email": userName + "@standin.invalid", "admin": true, "flags": "{}",
		"entity": entityName, "deletedAt": nil, "teams": connection("Entity", nil, nil), "apiKeys": connection("ApiKey", nil, nil)}}
}

func entity() object {
	return object{"Entity", fields{"id": nodeID("Entity", 1), "name": entityName, "isTeam": false, "entityType": "user", "organization": nil, "user": nil, "xxhashDigestsEnabled": false}}
}

// nodeID is opaque to the SDK, but it decodes base64.
func nodeID(typ string, id int64) string {
	return base64.StdEncoding.EncodeToString([]byte(typ + ":" + strconv.FormatInt(id, 10)))
}

func parseID(typ, id string) (int64, bool) {
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil {
		return 0, false
	}
	number, found := strings.CutPrefix(string(raw), typ+":")
	n, err := strconv.ParseInt(number, 10, 64)
	return n, found && err == nil
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// optional: an empty text is null.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// rows runs a query and hands each row to scan.
func (g *graph) rows(query string, args []any, scan func(func(...any) error) error) error {
	db, err := g.db()
	if err != nil {
		return err
	}
	found, err := db.QueryContext(g.ctx, query, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := scan(found.Scan); err != nil {
			return err
		}
	}
	return found.Err()
}

func (g *graph) exec(query string, args ...any) (sql.Result, error) {
	db, err := g.db()
	if err != nil {
		return nil, err
	}
	return db.ExecContext(g.ctx, query, args...)
}

type project struct {
	id      int64
	name    string
	created time.Time
}

func (g *graph) findProjects(where string, args ...any) (list []project, err error) {
	return list, g.rows("SELECT id, name, created_at FROM standin_projects "+where, args, func(scan func(...any) error) error {
		var p project
		err := scan(&p.id, &p.name, &p.created)
		list = append(list, p)
		return err
	})
}

func (g *graph) findProject(entity, name string) (*project, error) {
	if entity != "" && entity != entityName {
		return nil, nil
	}
	list, err := g.findProjects("WHERE name = ?", or(name, "uncategorized"))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// ensureProject creates what the SDK names for the first time.
func (g *graph) ensureProject(entity, name string) (*project, error) {
	if entity != "" && entity != entityName {
		return nil, refuse(http.StatusNotFound, "entity %s not found: the stand-in has one entity, %s", entity, entityName)
	}
	name = or(name, "uncategorized")
	if len(name) > 128 || strings.ContainsAny(name, "/\\#?%:") {
		return nil, refuse(http.StatusBadRequest, "the project name %q is longer than 128 bytes or has one of / \\ # ? %% :", name)
	}
	if _, err := g.exec("INSERT IGNORE INTO standin_projects (name) VALUES (?)", name); err != nil {
		return nil, err
	}
	return g.findProject(entity, name)
}

func (g *graph) projectByName(args arguments) (any, error) {
	p, err := g.findProject(args.text("entityName"), args.text("name"))
	if err != nil || p == nil {
		return nil, err
	}
	return g.project(*p), nil
}

func (g *graph) projects(args arguments) (any, error) {
	list, err := g.findProjects("ORDER BY name")
	if err != nil {
		return nil, err
	}
	var nodes []object
	for _, p := range list {
		nodes = append(nodes, g.project(p))
	}
	return connection("Project", nodes, args), nil
}

func (g *graph) upsertModel(in arguments) (any, error) {
	p, err := g.ensureProject(in.text("entityName"), in.text("name"))
	if err != nil {
		return nil, err
	}
	return object{"UpsertModelPayload", fields{"project": g.project(*p), "model": g.project(*p), "inserted": false}}, nil
}

func (g *graph) project(p project) object {
	run := resolver(func(args arguments) (any, error) { return g.runByName(p, args.text("name")) })
	return object{"Project", fields{
		"id": nodeID("Project", p.id), "internalId": strconv.FormatInt(p.id, 10), "name": p.name, "entityName": entityName, "entity": entity(), "createdAt": timestamp(p.created),
		"description": nil, "access": "PRIVATE", "views": nil, "isBenchmark": false, "readOnly": false, "user": user(),
		"run": run, "bucket": run,
		"runs":                         resolver(func(args arguments) (any, error) { return g.runs(p, args) }),
		"runCount":                     resolver(func(args arguments) (any, error) { return g.runCount(p, args) }),
		"artifact":                     resolver(func(args arguments) (any, error) { return g.artifactByName(p, args.text("name")) }),
		"artifactType":                 resolver(func(args arguments) (any, error) { return g.artifactType(p, args.text("name")) }),
		"artifactTypes":                resolver(func(args arguments) (any, error) { return g.artifactTypes(p, args) }),
		"artifactCollection":           resolver(func(args arguments) (any, error) { return g.collection(p, "", args.text("name")) }),
		"artifactCollections":          resolver(func(args arguments) (any, error) { return g.collections(p, "", args) }),
		"artifactCollectionMembership": resolver(func(args arguments) (any, error) { return g.membershipByName(p, args.text("name")) }),
		"sweep":                        resolver(func(args arguments) (any, error) { return g.sweepByName(p, args.text("sweepName")) }),
	}}
}
