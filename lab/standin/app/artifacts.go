package main

import (
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An artifact is PENDING while the SDK uploads its files and its manifest, and a version of its collection once it is
// committed. The bucket holds artifacts/<id>/manifest.json and artifacts/<id of the first artifact with it>/<digest>.

const maxManifest = 64 << 20

type artifact struct {
	id, projectID, size, fileCount                        int64
	project, kind, collection, digest, state, aliases, at string
	version, runID, historyStep                           sql.NullInt64
	description, metadata                                 sql.NullString
	created                                               time.Time
}

func (a artifact) name() string { return "v" + strconv.FormatInt(a.version.Int64, 10) }

func manifestKey(id int64) string { return "artifacts/" + strconv.FormatInt(id, 10) + "/manifest.json" }

func (g *graph) findArtifacts(where string, args ...any) (list []artifact, err error) {
	query := `SELECT a.id, a.project_id, p.name, a.type, a.collection, a.digest, a.state, a.version, a.description, a.metadata, a.aliases, a.run_id, a.history_step, a.size, a.file_count,
		a.created_at FROM standin_artifacts a JOIN standin_projects p ON p.id = a.project_id ` + where
	return list, g.rows(query, args, func(scan func(...any) error) error {
		var a artifact
		err := scan(&a.id, &a.projectID, &a.project, &a.kind, &a.collection, &a.digest, &a.state, &a.version, &a.description, &a.metadata, &a.aliases, &a.runID, &a.historyStep, &a.size,
			&a.fileCount, &a.created)
		list = append(list, a)
		return err
	})
}

func (g *graph) findArtifact(where string, args ...any) (*artifact, error) {
	list, err := g.findArtifacts(where+" LIMIT 1", args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// needArtifact by the id that the stand-in gave.
func (g *graph) needArtifact(id string) (*artifact, error) {
	if number, ok := parseID("Artifact", id); ok {
		a, err := g.findArtifact("WHERE a.id = ?", number)
		if err != nil || a != nil {
			return a, err
		}
	}
	return nil, refuse(http.StatusNotFound, "there is no artifact with the id %q", id)
}

func (g *graph) artifactByID(id string) (any, error) {
	a, err := g.needArtifact(id)
	var refused refusal
	if errors.As(err, &refused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return g.artifact(*a), nil
}

// version finds a committed artifact by v<number> or alias.
func (g *graph) version(p project, collection, alias string) (*artifact, error) {
	if number, err := strconv.ParseInt(strings.TrimPrefix(alias, "v"), 10, 32); err == nil && strings.HasPrefix(alias, "v") {
		return g.findArtifact("WHERE a.project_id = ? AND a.collection = ? AND a.version = ?", p.id, collection, number)
	}
	return g.findArtifact("JOIN standin_aliases s ON s.artifact_id = a.id WHERE s.project_id = ? AND s.collection = ? AND s.alias = ?", p.id, collection, alias)
}

// named takes name, name:alias or name:v<number>.
func (g *graph) named(p project, name string) (*artifact, error) {
	collection, alias, given := strings.Cut(name, ":")
	if !given {
		alias = "latest"
	}
	return g.version(p, collection, alias)
}

func (g *graph) artifactByName(p project, name string) (any, error) {
	a, err := g.named(p, name)
	if err != nil || a == nil {
		return nil, err
	}
	return g.artifact(*a), nil
}

func (g *graph) membershipByName(p project, name string) (any, error) {
	a, err := g.named(p, name)
	if err != nil || a == nil {
		return nil, err
	}
	return g.membership(*a), nil
}

func (g *graph) membership(a artifact) object {
	return object{"ArtifactCollectionMembership", fields{
		"id": nodeID("ArtifactCollectionMembership", a.id), "versionIndex": a.version.Int64, "createdAt": timestamp(a.created), "artifact": g.artifact(a), "artifactCollection": g.sequence(a),
		"aliases": resolver(func(arguments) (any, error) { return g.aliasesOf(a) }),
		"files":   resolver(func(args arguments) (any, error) { return g.artifactFiles(a, args) }),
	}}
}

func (g *graph) artifact(a artifact) object {
	var number, step any
	if a.version.Valid {
		number = a.version.Int64
	}
	if a.historyStep.Valid {
		step = a.historyStep.Int64
	}
	return object{"Artifact", fields{
		"id": nodeID("Artifact", a.id), "artifactSequence": resolver(func(arguments) (any, error) { return g.sequence(a), nil }), "versionIndex": number, "version": a.name(),
		"artifactType": object{"ArtifactType", fields{"name": a.kind}}, "description": text(a.description), "metadata": text(a.metadata), "ttlDurationSeconds": -2, "ttlIsInherited": true,
		"tags": []object{}, "historyStep": step, "state": a.state, "size": a.size, "digest": a.digest, "digestAlgorithm": "MANIFEST_MD5", "commitHash": nil, "fileCount": a.fileCount,
		"createdAt": timestamp(a.created), "updatedAt": timestamp(a.created),
		"aliases": resolver(func(arguments) (any, error) { return g.aliasesOf(a) }),
		"currentManifest": resolver(func(arguments) (any, error) {
			if a.state != "COMMITTED" {
				return nil, nil
			}
			return g.manifest(a.id)
		}),
		"createdBy": resolver(func(arguments) (any, error) {
			list, err := g.findRuns("WHERE r.id = ?", a.runID.Int64)
			if err != nil || len(list) == 0 {
				return nil, err
			}
			return g.run(list[0]), nil
		}),
		"usedBy": resolver(func(args arguments) (any, error) {
			list, err := g.findRuns("JOIN standin_used_artifacts u ON u.run_id = r.id WHERE u.artifact_id = ? ORDER BY r.id", a.id)
			return connection("Run", g.runObjects(list), args), err
		}),
		"artifactMemberships": resolver(func(args arguments) (any, error) {
			return connection("ArtifactCollectionMembership", []object{g.membership(a)}, args), nil
		}),
		"files": resolver(func(args arguments) (any, error) { return g.artifactFiles(a, args) }),
	}}
}

func text(s sql.NullString) any {
	if !s.Valid {
		return nil
	}
	return s.String
}

func (g *graph) aliasesOf(a artifact) (any, error) {
	list := []object{}
	return list, g.rows("SELECT alias FROM standin_aliases WHERE artifact_id = ? ORDER BY alias", []any{a.id}, func(scan func(...any) error) error {
		var alias string
		err := scan(&alias)
		list = append(list, object{"ArtifactAlias", fields{"id": nodeID("ArtifactAlias", a.id) + "/" + alias, "alias": alias, "artifactCollection": g.sequence(a)}})
		return err
	})
}

// sequence is the collection of an artifact, identified by the first artifact in it.
func (g *graph) sequence(a artifact) object {
	p := project{id: a.projectID, name: a.project}
	of := func(where string) ([]artifact, error) {
		return g.findArtifacts("WHERE a.project_id = ? AND a.collection = ? AND a.state = 'COMMITTED' "+where, a.projectID, a.collection)
	}
	return object{"ArtifactSequence", fields{
		"id": nodeID("ArtifactSequence", a.id), "name": a.collection, "description": nil, "createdAt": timestamp(a.created), "updatedAt": timestamp(a.created), "state": "READY",
		"digestAlgorithm": "MANIFEST_MD5", "tags": connection("Tag", nil, nil), "defaultArtifactType": object{"ArtifactType", fields{"name": a.kind}},
		"project": resolver(func(arguments) (any, error) { return g.project(p), nil }),
		"latestArtifact": resolver(func(arguments) (any, error) {
			list, err := of("ORDER BY a.version DESC LIMIT 1")
			if err != nil || len(list) == 0 {
				return nil, err
			}
			return g.artifact(list[0]), nil
		}),
		"artifacts": resolver(func(args arguments) (any, error) {
			list, err := of("ORDER BY a.version DESC")
			return connection("Artifact", g.artifactObjects(list), args), err
		}),
		"artifactMembership": resolver(func(args arguments) (any, error) {
			found, err := g.version(p, a.collection, args.text("aliasName"))
			if err != nil || found == nil {
				return nil, err
			}
			return g.membership(*found), nil
		}),
		"aliases": resolver(func(args arguments) (any, error) {
			var nodes []object
			err := g.rows("SELECT alias, artifact_id FROM standin_aliases WHERE project_id = ? AND collection = ? ORDER BY alias", []any{a.projectID, a.collection}, func(scan func(...any) error) error {
				var alias string
				var id int64
				err := scan(&alias, &id)
				nodes = append(nodes, object{"ArtifactAlias", fields{"id": nodeID("ArtifactAlias", id) + "/" + alias, "alias": alias}})
				return err
			})
			return connection("ArtifactAlias", nodes, args), err
		}),
	}}
}

func (g *graph) artifactObjects(list []artifact) []object {
	var nodes []object
	for _, a := range list {
		nodes = append(nodes, g.artifact(a))
	}
	return nodes
}

// firsts: the first artifact of each collection, of one type or of all.
func (g *graph) firsts(p project, kind, collection string) ([]artifact, error) {
	return g.findArtifacts(`WHERE a.id IN (SELECT MIN(id) FROM standin_artifacts WHERE project_id = ? AND (? = '' OR type = ?) AND (? = '' OR collection = ?) GROUP BY collection)
		ORDER BY a.collection`, p.id, kind, kind, collection, collection)
}

func (g *graph) collection(p project, kind, name string) (any, error) {
	list, err := g.firsts(p, kind, name)
	if err != nil || len(list) == 0 || name == "" {
		return nil, err
	}
	return g.sequence(list[0]), nil
}

func (g *graph) collections(p project, kind string, args arguments) (any, error) {
	list, err := g.firsts(p, kind, "")
	if err != nil {
		return nil, err
	}
	var nodes []object
	for _, a := range list {
		nodes = append(nodes, g.sequence(a))
	}
	return connection("ArtifactCollection", nodes, args), nil
}

func (g *graph) collectionByID(id string) (any, error) {
	number, ok := parseID("ArtifactSequence", id)
	if !ok {
		return nil, nil
	}
	a, err := g.findArtifact("WHERE a.id = ?", number)
	if err != nil || a == nil {
		return nil, err
	}
	return g.sequence(*a), nil
}

func (g *graph) kinds(p project) (names []string, err error) {
	return names, g.rows("SELECT DISTINCT type FROM standin_artifacts WHERE project_id = ? ORDER BY type", []any{p.id}, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	})
}

func (g *graph) artifactType(p project, name string) (any, error) {
	names, err := g.kinds(p)
	if err != nil || !slices.Contains(names, name) {
		return nil, err
	}
	return g.kind(p, name), nil
}

func (g *graph) kind(p project, name string) object {
	return object{"ArtifactType", fields{
		"id": nodeID("ArtifactType", p.id) + "/" + name, "name": name, "description": nil, "createdAt": timestamp(p.created),
		"artifactCollection":  resolver(func(args arguments) (any, error) { return g.collection(p, name, args.text("name")) }),
		"artifactCollections": resolver(func(args arguments) (any, error) { return g.collections(p, name, args) }),
	}}
}

func (g *graph) artifactTypes(p project, args arguments) (any, error) {
	names, err := g.kinds(p)
	if err != nil {
		return nil, err
	}
	var nodes []object
	for _, name := range names {
		nodes = append(nodes, g.kind(p, name))
	}
	return connection("ArtifactType", nodes, args), nil
}

func (g *graph) runArtifacts(where string, run int64, args arguments) (any, error) {
	list, err := g.findArtifacts("WHERE a.state = 'COMMITTED' AND "+where+" ORDER BY a.id", run)
	if err != nil {
		return nil, err
	}
	return connection("Artifact", g.artifactObjects(list), args), nil
}

func (g *graph) clientIDMapping(args arguments) (any, error) {
	a, err := g.findArtifact("WHERE a.client_id = ?", args.text("clientID"))
	if err != nil || a == nil {
		return nil, err
	}
	return object{"ClientIDMapping", fields{"serverID": nodeID("Artifact", a.id)}}, nil
}

// createArtifact gives back what is there already: the version with the same content, or the same request sent twice.
func (g *graph) createArtifact(in arguments) (any, error) {
	p, err := g.ensureProject(in.text("entityName"), in.text("projectName"))
	if err != nil {
		return nil, err
	}
	collection := in.text("artifactCollectionName")
	if names := in.texts("artifactCollectionNames"); collection == "" && len(names) > 0 {
		collection = names[0]
	}
	if collection == "" || len(collection) > 128 || strings.ContainsAny(collection, "/:") {
		return nil, refuse(http.StatusBadRequest, "the artifact name %q is empty, longer than 128 bytes or has one of / :", collection)
	}
	var run any
	if name := in.text("runName"); name != "" {
		r, err := g.needRun(in.text("entityName"), in.text("projectName"), name)
		if err != nil {
			return nil, err
		}
		run = r.id
	}
	first, err := g.firsts(*p, "", collection)
	if err != nil {
		return nil, err
	}
	if len(first) > 0 && first[0].kind != in.text("artifactTypeName") {
		return nil, refuse(http.StatusConflict, "the artifact %s has the type %s; expected %s: a name has one type in a project", collection, first[0].kind, in.text("artifactTypeName"))
	}
	a, err := g.findArtifact("WHERE a.project_id = ? AND a.collection = ? AND (a.client_id = ? OR ? AND a.state = 'COMMITTED' AND a.digest = ?) ORDER BY a.state = 'COMMITTED' DESC, a.version DESC",
		p.id, collection, in.text("clientID"), in.flag("enableDigestDeduplication"), in.text("digest"))
	if err != nil {
		return nil, err
	}
	var aliases []string
	for _, x := range in.list("aliases") {
		m, _ := x.(map[string]any)
		aliases = append(aliases, arguments(m).text("alias"))
	}
	if a == nil {
		text, err := json.Marshal(aliases)
		if err != nil {
			return nil, err
		}
		made, err := g.exec(`INSERT INTO standin_artifacts (project_id, type, collection, digest, description, metadata, aliases, run_id, client_id, history_step) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			p.id, in.text("artifactTypeName"), collection, in.text("digest"), in["description"], in["metadata"], string(text), run, optional(in.text("clientID")), in["historyStep"])
		if err != nil {
			return nil, err
		}
		id, err := made.LastInsertId()
		if err != nil {
			return nil, err
		}
		if a, err = g.needArtifact(nodeID("Artifact", id)); err != nil {
			return nil, err
		}
	} else if a.state == "COMMITTED" {
		if err := g.setAliases(*a, aliases); err != nil {
			return nil, err
		}
	}
	return object{"CreateArtifactPayload", fields{"artifact": g.artifact(*a)}}, nil
}

func (g *graph) setAliases(a artifact, aliases []string) error {
	for _, alias := range aliases {
		if alias == "" || len(alias) > 128 || strings.ContainsAny(alias, "/:") {
			return refuse(http.StatusBadRequest, "the alias %q is empty, longer than 128 bytes or has one of / :", alias)
		}
		if _, err := g.exec("REPLACE INTO standin_aliases (project_id, collection, alias, artifact_id) VALUES (?, ?, ?, ?)", a.projectID, a.collection, alias, a.id); err != nil {
			return err
		}
	}
	return nil
}

// manifest: its file in the bucket, to read and to write.
func (g *graph) manifest(artifactID int64) (object, error) {
	k, err := g.s.backends.bucket()
	if err != nil {
		return object{}, err
	}
	id, key, now := nodeID("ArtifactManifest", artifactID), manifestKey(artifactID), time.Now()
	return object{"ArtifactManifest", fields{"id": id, "file": object{"File", fields{"id": id, "name": "wandb_manifest.json", "uploadHeaders": []string{},
		"uploadUrl": k.presign(http.MethodPut, key, writeFor, now), "directUrl": k.presign(http.MethodGet, key, readFor, now)}}}}, nil
}

func (g *graph) createArtifactManifest(in arguments) (any, error) {
	if kind := in.text("type"); kind != "" && kind != "FULL" {
		return nil, refuse(http.StatusNotImplemented, "the stand-in takes full manifests only, not %s", kind)
	}
	a, err := g.needArtifact(in.text("artifactID"))
	if err != nil {
		return nil, err
	}
	m, err := g.manifest(a.id)
	return object{"CreateArtifactManifestPayload", fields{"artifactManifest": m}}, err
}

func (g *graph) updateArtifactManifest(in arguments) (any, error) {
	id, ok := parseID("ArtifactManifest", in.text("artifactManifestID"))
	if !ok {
		return nil, refuse(http.StatusNotFound, "there is no manifest %q", in.text("artifactManifestID"))
	}
	m, err := g.manifest(id)
	return object{"UpdateArtifactManifestPayload", fields{"artifactManifest": m}}, err
}

// blobKey: digests are MD5 in base64.
func blobKey(birth int64, digest string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(digest)
	if err != nil || len(raw) == 0 {
		return "", refuse(http.StatusBadRequest, "the digest %q is not base64", digest)
	}
	return "artifacts/" + strconv.FormatInt(birth, 10) + "/" + hex.EncodeToString(raw), nil
}

// createArtifactFiles: where to upload. No URL for content that a committed version of the same collection has already: other collections may go at any time.
func (g *graph) createArtifactFiles(in arguments) (any, error) {
	k, err := g.s.backends.bucket()
	if err != nil {
		return nil, err
	}
	edges := []object{}
	for _, x := range in.list("artifactFiles") {
		m, _ := x.(map[string]any)
		f := arguments(m)
		a, err := g.needArtifact(f.text("artifactID"))
		if err != nil {
			return nil, err
		}
		if bad := badFileName(f.text("name")); bad != "" {
			return nil, refuse(http.StatusBadRequest, "the file %q: its name %s", f.text("name"), bad)
		}
		birth := *a
		known, err := g.findArtifact("JOIN standin_artifact_files f ON f.birth_id = a.id WHERE a.project_id = ? AND a.collection = ? AND a.state = 'COMMITTED' AND f.reference IS NULL AND f.digest = ?", a.projectID, a.collection, f.text("md5"))
		if err != nil {
			return nil, err
		}
		var upload any
		if known != nil {
			birth = *known
		}
		key, err := blobKey(birth.id, f.text("md5"))
		if err != nil {
			return nil, err
		}
		if known == nil {
			upload = k.presign(http.MethodPut, key, writeFor, time.Now())
		}
		edges = append(edges, object{"FileEdge", fields{"node": object{"File", fields{"name": f.text("name"), "displayName": f.text("name"), "storagePath": key, "uploadUrl": upload,
			"uploadHeaders": []string{}, "uploadMultipartUrls": nil, "artifact": g.artifact(birth)}}}})
	}
	return object{"CreateArtifactFilesPayload", fields{"files": object{"FileConnection", fields{"edges": edges}}}}, nil
}

type manifestEntry struct {
	Digest string
	Ref    *string
	Size   int64
	Birth  string `json:"birthArtifactID"`
}

// commitArtifact makes a version of it, if the bucket holds its manifest and every file in the size that the manifest says.
func (g *graph) commitArtifact(in arguments) (any, error) {
	a, err := g.needArtifact(in.text("artifactID"))
	if err != nil {
		return nil, err
	}
	if a.state != "COMMITTED" {
		k, err := g.s.backends.bucket()
		if err != nil {
			return nil, err
		}
		_, _, found, err := k.head(g.ctx, manifestKey(a.id))
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, refuse(http.StatusConflict, "artifact %s is not complete: the bucket has no manifest of it", a.collection)
		}
		body, err := k.call(g.ctx, http.MethodGet, manifestKey(a.id), nil)
		if err != nil {
			return nil, fmt.Errorf("the manifest of artifact %s: %w", a.collection, err)
		}
		var manifest struct{ Contents map[string]manifestEntry }
		if err := json.Unmarshal(body, &manifest); err != nil {
			return nil, refuse(http.StatusBadRequest, "the manifest of artifact %s is not the expected JSON: %v", a.collection, err)
		}
		if err := g.recordFiles(*a, k, manifest.Contents); err != nil {
			return nil, err
		}
		if err := g.makeVersion(a); err != nil {
			return nil, err
		}
		var aliases []string
		if err := json.Unmarshal([]byte(a.aliases), &aliases); err != nil {
			return nil, err
		}
		if err := g.setAliases(*a, append(aliases, "latest")); err != nil {
			return nil, err
		}
		if a, err = g.needArtifact(in.text("artifactID")); err != nil {
			return nil, err
		}
	}
	return object{"CommitArtifactPayload", fields{"artifact": g.artifact(*a)}}, nil
}

func (g *graph) recordFiles(a artifact, k *bucket, contents map[string]manifestEntry) error {
	total := int64(0)
	for name, e := range contents {
		birth := a.id
		if e.Ref == nil {
			if id, ok := parseID("Artifact", e.Birth); ok {
				birth = id
			}
			key, err := blobKey(birth, e.Digest)
			if err != nil {
				return err
			}
			size, _, found, err := k.head(g.ctx, key)
			if err != nil {
				return err
			}
			if !found || size != e.Size {
				return refuse(http.StatusConflict, "artifact %s is not complete: the bucket has %d bytes of %s, expected %d", a.collection, size, name, e.Size)
			}
		}
		total += e.Size
		if _, err := g.exec("REPLACE INTO standin_artifact_files (artifact_id, name, digest, birth_id, size, reference) VALUES (?, ?, ?, ?, ?, ?)", a.id, name, e.Digest, birth, e.Size, e.Ref); err != nil {
			return err
		}
	}
	_, err := g.exec("UPDATE standin_artifacts SET size = ?, file_count = ? WHERE id = ?", total, len(contents), a.id)
	return err
}

// makeVersion: the lock on the project gives each version its number once.
func (g *graph) makeVersion(a *artifact) error {
	db, err := g.db()
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(g.ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after the commit it does nothing
	var next, lock int64
	if err := tx.QueryRowContext(g.ctx, "SELECT id FROM standin_projects WHERE id = ? FOR UPDATE", a.projectID).Scan(&lock); err != nil {
		return err
	}
	err = tx.QueryRowContext(g.ctx, "SELECT COALESCE(MAX(version) + 1, 0) FROM standin_artifacts WHERE project_id = ? AND collection = ?", a.projectID, a.collection).Scan(&next)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(g.ctx, "UPDATE standin_artifacts SET state = 'COMMITTED', version = ? WHERE id = ? AND state = 'PENDING'", next, a.id); err != nil {
		return err
	}
	return tx.Commit()
}

// deleteArtifact takes from the bucket what no other artifact refers to.
func (g *graph) deleteArtifact(a artifact) error {
	keys := []string{manifestKey(a.id)}
	alone := `SELECT DISTINCT f.digest, f.birth_id FROM standin_artifact_files f WHERE f.artifact_id = ? AND f.reference IS NULL AND NOT EXISTS
		(SELECT 1 FROM standin_artifact_files o WHERE o.artifact_id <> f.artifact_id AND o.birth_id = f.birth_id AND o.digest = f.digest AND o.reference IS NULL)`
	err := g.rows(alone, []any{a.id}, func(scan func(...any) error) error {
		var digest string
		var birth int64
		if err := scan(&digest, &birth); err != nil {
			return err
		}
		key, err := blobKey(birth, digest)
		keys = append(keys, key)
		return err
	})
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := g.s.bucketCall(g.ctx, http.MethodDelete, key, nil, nil); err != nil {
			return err
		}
	}
	for _, statement := range []string{"DELETE FROM standin_aliases WHERE artifact_id = ?", "DELETE FROM standin_used_artifacts WHERE artifact_id = ?",
		"DELETE FROM standin_artifact_files WHERE artifact_id = ?", "DELETE FROM standin_artifacts WHERE id = ?"} {
		if _, err := g.exec(statement, a.id); err != nil {
			return err
		}
	}
	return nil
}

// artifactFiles: files of the bucket by a presigned URL, references by what they refer to.
func (g *graph) artifactFiles(a artifact, args arguments) (any, error) {
	k, err := g.s.backends.bucket()
	if err != nil {
		return nil, err
	}
	names := args.texts("names")
	var nodes []object
	err = g.rows("SELECT name, digest, birth_id, size, reference FROM standin_artifact_files WHERE artifact_id = ? ORDER BY name", []any{a.id}, func(scan func(...any) error) error {
		var name, digest string
		var birth, size int64
		var reference sql.NullString
		if err := scan(&name, &digest, &birth, &size, &reference); err != nil {
			return err
		}
		if len(names) > 0 && !slices.Contains(names, name) {
			return nil
		}
		key, direct := "", reference.String
		if !reference.Valid {
			var err error
			if key, err = blobKey(birth, digest); err != nil {
				return err
			}
			direct = k.presign(http.MethodGet, key, readFor, time.Now())
		}
		nodes = append(nodes, object{"File", fields{"id": nodeID("Artifact", a.id) + "/" + name, "name": name, "displayName": name, "url": direct, "directUrl": direct, "sizeBytes": size,
			"storagePath": key, "mimetype": mime.TypeByExtension(path.Ext(name)), "updatedAt": timestamp(a.created), "digest": digest, "md5": digest}})
		return nil
	})
	return connection("File", nodes, args), err
}

func (g *graph) useArtifact(in arguments) (any, error) {
	a, err := g.needArtifact(in.text("artifactID"))
	if err != nil {
		return nil, err
	}
	r, err := g.needRun(in.text("entityName"), in.text("projectName"), in.text("runName"))
	if err != nil {
		return nil, err
	}
	_, err = g.exec("INSERT IGNORE INTO standin_used_artifacts (artifact_id, run_id) VALUES (?, ?)", a.id, r.id)
	return object{"UseArtifactPayload", fields{"artifact": g.artifact(*a)}}, err
}

func (g *graph) updateArtifact(in arguments) (any, error) {
	a, err := g.needArtifact(in.text("artifactID"))
	if err != nil {
		return nil, err
	}
	for _, column := range []string{"description", "metadata"} {
		if value, given := in[column].(string); given {
			if _, err := g.exec("UPDATE standin_artifacts SET "+column+" = ? WHERE id = ?", value, a.id); err != nil {
				return nil, err
			}
		}
	}
	if a, err = g.needArtifact(in.text("artifactID")); err != nil {
		return nil, err
	}
	return object{"UpdateArtifactPayload", fields{"artifact": g.artifact(*a)}}, nil
}

func (g *graph) addAliases(in arguments) (any, error) {
	return g.changeAliases(in, func(a artifact, alias string) error { return g.setAliases(a, []string{alias}) })
}

func (g *graph) deleteAliases(in arguments) (any, error) {
	return g.changeAliases(in, func(a artifact, alias string) error {
		_, err := g.exec("DELETE FROM standin_aliases WHERE artifact_id = ? AND alias = ?", a.id, alias)
		return err
	})
}

func (g *graph) changeAliases(in arguments, change func(artifact, string) error) (any, error) {
	a, err := g.needArtifact(in.text("artifactID"))
	if err != nil {
		return nil, err
	}
	for _, x := range in.list("aliases") {
		m, _ := x.(map[string]any)
		if err := change(*a, arguments(m).text("alias")); err != nil {
			return nil, err
		}
	}
	return object{"AliasesPayload", fields{"success": true}}, nil
}

// handleArtifactFile is the SDK's second way to a file, when a presigned URL has expired: a redirect to a new one.
func (s *server) handleArtifactFile(w http.ResponseWriter, r *http.Request) error {
	k, err := s.backends.bucket()
	if err != nil {
		return err
	}
	birth, ok := parseID("Artifact", r.PathValue("birth"))
	raw, err := hex.DecodeString(r.PathValue("digest"))
	if !ok || err != nil || len(raw) == 0 {
		writeError(w, http.StatusNotFound, "there is no such file of an artifact")
		return nil
	}
	key, err := blobKey(birth, base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		return err
	}
	http.Redirect(w, r, k.presign(http.MethodGet, key, readFor, time.Now()), http.StatusTemporaryRedirect)
	return nil
}
