package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// ask is what the SDK does: a query, its variables, and the status of the answer.
func (s *site) ask(base, query string, variables map[string]any) (int, map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		s.t.Fatal(err)
	}
	var got map[string]any
	code, err := s.call("POST", base+"/graphql", string(body), &got)
	if err != nil {
		s.t.Fatal(err)
	}
	return code, got
}

// dig follows a path of keys and positions.
func dig(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

func (s *site) mutate(base, name, selection string, input map[string]any) any {
	s.t.Helper()
	code, got := s.ask(base, "mutation($input: I!) { "+name+"(input: $input) { "+selection+" } }", map[string]any{"input": input})
	if code != 200 {
		s.t.Errorf("%s: %d %v", name, code, got["error"]) // not Fatalf: it is called by goroutines, too
	}
	return dig(got, "data", name)
}

const runQuery = `query($run: String!) { project(name: "p", entityName: "standin") { run(name: $run) { state summaryMetrics historyLineCount historyKeys history(samples: 10)
	files(names: ["a b.txt"]) { edges { node { name sizeBytes } } } } } }`

// tracking goes over the edges of the protocol that a healthy SDK does not touch.
func (s *site) tracking(bases []string) {
	base := bases[0]
	stream := func(t *testing.T, run, body string, want int) map[string]any {
		t.Helper()
		var got map[string]any
		if code, err := s.call("POST", base+"/files/standin/p/"+run+"/file_stream", body, &got); err != nil || code != want {
			t.Errorf("file_stream %s: %d %v %v; expected %d", body, code, err, got, want)
		}
		return got
	}
	look := func(t *testing.T, run string) any {
		t.Helper()
		_, got := s.ask(base, runQuery, map[string]any{"run": run})
		return dig(got, "data", "project", "run")
	}
	made := s.mutate(base, "upsertBucket", "inserted bucket { id displayName }", map[string]any{"modelName": "p", "name": "r1"})
	id := dig(made, "bucket", "id")
	s.t.Run("a run", func(t *testing.T) {
		if dig(made, "inserted") != true || dig(made, "bucket", "displayName") != "r1" {
			t.Errorf("%v", made)
		}
		again := s.mutate(base, "upsertBucket", "inserted bucket { id tags config }", map[string]any{"modelName": "p", "name": "r1", "entityName": "standin", "tags": []string{"x"}, "config": `{"a":{"value":1}}`})
		if dig(again, "inserted") != false || dig(again, "bucket", "id") != id || dig(again, "bucket", "tags", 0) != "x" {
			t.Errorf("%v", again)
		}
		// What is not given stays.
		if kept := s.mutate(base, "upsertBucket", "bucket { tags config notes }", map[string]any{"id": id, "notes": "n"}); dig(kept, "bucket", "tags", 0) != "x" || dig(kept, "bucket", "config") != `{"a":{"value":1}}` {
			t.Errorf("%v", kept)
		}
		for name, input := range map[string]map[string]any{"entity other not found": {"modelName": "p", "name": "r", "entityName": "other"}, "no run with the id": {"id": "UnVuOjk5OQ=="},
			`the run id "a/b"`: {"modelName": "p", "name": "a/b"}, `the project name "a/b"`: {"modelName": "a/b", "name": "r"}} {
			if code, got := s.ask(base, "mutation($input: I!) { upsertBucket(input: $input) { inserted } }", map[string]any{"input": input}); code/100 != 4 || !strings.Contains(fmt.Sprint(got["error"]), name) {
				t.Errorf("%v: %d %v", input, code, got)
			}
		}
	})
	s.t.Run("a file stream that is sent twice", func(t *testing.T) {
		for range 2 {
			stream(t, "r1", `{"files":{"wandb-history.jsonl":{"offset":0,"content":["{\"_step\":0,\"a\":1}","{\"_step\":1,\"a\":NaN}"]},"wandb-summary.json":{"offset":0,"content":["{\"a\":2}"]}}}`, 200)
		}
		stream(t, "r1", `{"files":{"wandb-history.jsonl":{"offset":1,"content":["{\"_step\":1,\"a\":5}","{\"_step\":2,\"a\":6}"]}}}`, 200)
		got := look(t, "r1")
		if dig(got, "historyLineCount") != float64(3) || dig(got, "state") != "running" || dig(got, "summaryMetrics") != `{"a":2}` || dig(got, "history", 1) != `{"_step":1,"a":5}` ||
			dig(got, "historyKeys", "keys", "a", "previousValue") != float64(6) || dig(got, "historyKeys", "lastStep") != float64(2) {
			t.Errorf("%v", got)
		}
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, _ = w.Write([]byte(`{"files":{"wandb-history.jsonl":{"offset":3,"content":["{\"_step\":3}"]}}}`))
		w.Close()
		req, _ := http.NewRequest("POST", base+"/files/standin/p/r1/file_stream", &zipped)
		req.Header.Set("Content-Encoding", "gzip")
		resp, err := s.client().Do(req)
		if err != nil || resp.StatusCode != 200 || dig(look(t, "r1"), "historyLineCount") != float64(4) {
			t.Errorf("%v %v %v", resp, err, look(t, "r1"))
		}
	})
	s.t.Run("what is refused changes nothing", func(t *testing.T) {
		stream(t, "r1", `{"files":{"wandb-history.jsonl":{"offset":4,"content":["{\"_step\":4}"]},"other.txt":{"offset":0,"content":["x"]}}}`, 400)
		stream(t, "r1", `{"files":{"wandb-history.jsonl":{"offset":4,"content":["{\"_step\":4}", "no JSON"]}}}`, 400)
		stream(t, "r1", "no JSON", 400)
		stream(t, "nobody", "{}", 404)
		if got := look(t, "r1"); dig(got, "historyLineCount") != float64(4) {
			t.Errorf("%v", got)
		}
	})
	s.t.Run("the end of a run", func(t *testing.T) {
		s.exec("UPDATE wandb_local.standin_tracked SET heartbeat_at = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR")
		if got := look(t, "r1"); dig(got, "state") != "crashed" {
			t.Errorf("an hour without a heartbeat: %v", got)
		}
		s.mutate(base, "stopRun", "success", map[string]any{"id": id})
		if got := stream(t, "r1", "{}", 200); got["stopped"] != true || dig(look(t, "r1"), "state") != "running" {
			t.Errorf("%v", got)
		}
		stream(t, "r1", `{"complete":true,"exitcode":3}`, 200)
		if got := look(t, "r1"); dig(got, "state") != "failed" {
			t.Errorf("%v", got)
		}
	})
	s.t.Run("a file shows when the bucket has it", func(t *testing.T) {
		files := s.mutate(base, "createRunFiles", "files { name uploadUrl }", map[string]any{"entityName": "standin", "projectName": "p", "runName": "r1", "files": []string{"a b.txt"}})
		mark := func() {
			s.mutate(base, "markRunFilesUploaded", "success", map[string]any{"entityName": "standin", "projectName": "p", "runName": "r1", "files": []string{"a b.txt"}})
		}
		shown := func() any { return dig(look(t, "r1"), "files", "edges", 0, "node", "sizeBytes") }
		failed := func() int {
			return s.count("SELECT COUNT(*) FROM standin_jobs WHERE kind = 'file-uploaded' AND status = 'failed'")
		}
		mark() // nothing was uploaded: the worker finds out
		s.eventually("the job of a file that is not there fails", func() error {
			if n := failed(); n != 1 || shown() != nil {
				return fmt.Errorf("%d failed jobs, shown %v", n, shown())
			}
			return nil
		})
		s.must("PUT", dig(files, "files", 0, "uploadUrl").(string), "12345", nil)
		mark()
		s.eventually("the file", func() error {
			if shown() != float64(5) {
				return fmt.Errorf("%v", shown())
			}
			return nil
		})
		if code, _ := s.ask(base, "mutation($input: I!) { createRunFiles(input: $input) { runID } }", map[string]any{"input": map[string]any{"projectName": "p", "runName": "r1", "files": []string{"../x"}}}); code != 400 {
			t.Errorf("a file above its run: %d", code)
		}
	})
	s.t.Run("a run is deleted with its files", func(t *testing.T) {
		_, got := s.ask(base, `{ project(name: "p") { run(name: "r1") { files { edges { node { directUrl } } } } } }`, nil)
		url, _ := dig(got, "data", "project", "run", "files", "edges", 0, "node", "directUrl").(string)
		if code, err := s.call("GET", url, "", new(string)); code != 200 {
			t.Fatalf("%d %v %v", code, err, got)
		}
		if code, deleted := s.ask(base, "mutation($input: I!) { deleteRun(input: $input) { clientMutationId } }", map[string]any{"input": map[string]any{"id": id}}); code != 200 {
			t.Errorf("%d %v", code, deleted)
		}
		if code, _ := s.call("GET", url, "", new(string)); code != 404 || look(t, "r1") != nil || s.count("SELECT COUNT(*) FROM standin_lines") != 0 {
			t.Errorf("%d %v", code, look(t, "r1"))
		}
	})
	s.t.Run("an artifact that is not complete is no version", func(t *testing.T) {
		id := s.mutate(base, "createArtifact", "artifact { id state }", artifactInput("a1", "d1"))
		artifactID := dig(id, "artifact", "id").(string)
		commit := func() (int, string) {
			code, got := s.ask(base, "mutation($input: I!) { commitArtifact(input: $input) { artifact { state versionIndex fileCount size } } }", map[string]any{"input": map[string]any{"artifactID": artifactID}})
			return code, fmt.Sprint(got["error"], dig(got, "data", "commitArtifact", "artifact"))
		}
		refused := func(reason string) {
			t.Helper()
			if code, said := commit(); code != 409 || !strings.Contains(said, reason) {
				t.Errorf("%d %s; expected %s", code, said, reason)
			}
		}
		refused("no manifest")
		manifest := s.mutate(base, "createArtifactManifest", "artifactManifest { file { uploadUrl } }", map[string]any{"artifactID": artifactID, "type": "FULL"})
		s.must("PUT", dig(manifest, "artifactManifest", "file", "uploadUrl").(string), `{"contents": {"f": {"digest": "gnzLDuqKcGxMNKFokfhOew==", "size": 5}, "r": {"digest": "x", "ref": "s3://b/x", "size": 7}}}`, nil)
		refused("0 bytes of f, expected 5")
		files := s.mutate(base, "createArtifactFiles", "files { edges { node { uploadUrl } } }", map[string]any{"artifactFiles": []any{map[string]any{"artifactID": artifactID, "name": "f", "md5": "gnzLDuqKcGxMNKFokfhOew=="}}})
		put := dig(files, "files", "edges", 0, "node", "uploadUrl").(string)
		s.must("PUT", put, "1234", nil)
		refused("4 bytes of f, expected 5")
		s.must("PUT", put, "12345", nil)
		for range 2 { // a commit that is sent twice is one version
			if code, said := commit(); code != 200 || said != "<nil> map[fileCount:2 size:12 state:COMMITTED versionIndex:0]" {
				t.Errorf("%d %s", code, said)
			}
		}
		// The same content is the same version; other content is another.
		if same := s.mutate(base, "createArtifact", "artifact { id state }", artifactInput("a2", "d1")); dig(same, "artifact", "id") != artifactID || dig(same, "artifact", "state") != "COMMITTED" {
			t.Errorf("%v", same)
		}
		if other := s.mutate(base, "createArtifact", "artifact { state artifactSequence { latestArtifact { id } } }", artifactInput("a3", "d2")); dig(other, "artifact", "state") != "PENDING" ||
			dig(other, "artifact", "artifactSequence", "latestArtifact", "id") != artifactID {
			t.Errorf("%v", other)
		}
		if again := s.mutate(base, "createArtifactFiles", "files { edges { node { uploadUrl } } }", map[string]any{"artifactFiles": []any{map[string]any{"artifactID": artifactID, "name": "g", "md5": "gnzLDuqKcGxMNKFokfhOew=="}}}); dig(again, "files", "edges", 0, "node", "uploadUrl") != nil {
			t.Errorf("content that is there is uploaded again: %v", again)
		}
		// The SDK's way to a file whose presigned URL has expired.
		var content string
		s.must("GET", base+"/artifactsV2/default/standin/p/m/"+artifactID+"/827ccb0eea8a706c4c34a16891f84e7b/f", "", &content)
		if content != "12345" {
			t.Errorf("%q", content)
		}
		if code, _ := s.call("GET", base+"/artifactsV2/default/standin/p/m/x/zz/f", "", nil); code != 404 {
			t.Errorf("a file of no artifact: %d", code)
		}
		otherType := artifactInput("a4", "d3")
		otherType["artifactTypeName"] = "dataset"
		if code, got := s.ask(base, "mutation($input: I!) { createArtifact(input: $input) { artifact { id } } }", map[string]any{"input": otherType}); code != 409 {
			t.Errorf("a second type of one name: %d %v", code, got)
		}
	})
	s.t.Run("a run is deleted with its artifacts", func(t *testing.T) {
		logged := func(run, content string) (id any, file string) {
			made := s.mutate(base, "upsertBucket", "bucket { id }", map[string]any{"modelName": "p", "name": run})
			input := map[string]any{"projectName": "p", "runName": run, "artifactTypeName": "model", "artifactCollectionName": "gone", "digest": run, "clientID": run}
			a := s.mutate(base, "createArtifact", "artifact { id }", input)
			aid := dig(a, "artifact", "id").(string)
			files := s.mutate(base, "createArtifactFiles", "files { edges { node { uploadUrl artifact { id } } } }", map[string]any{"artifactFiles": []any{map[string]any{"artifactID": aid, "name": "f", "md5": content}}})
			if put, _ := dig(files, "files", "edges", 0, "node", "uploadUrl").(string); put != "" {
				s.must("PUT", put, "12345", nil)
			}
			manifest := s.mutate(base, "createArtifactManifest", "artifactManifest { file { uploadUrl } }", map[string]any{"artifactID": aid, "type": "FULL"})
			birth := dig(files, "files", "edges", 0, "node", "artifact", "id")
			s.must("PUT", dig(manifest, "artifactManifest", "file", "uploadUrl").(string), fmt.Sprintf(`{"contents": {"f": {"digest": %q, "size": 5, "birthArtifactID": %q}}}`, content, birth), nil)
			s.mutate(base, "commitArtifact", "artifact { state }", map[string]any{"artifactID": aid})
			_, got := s.ask(base, "query($id: ID!) { artifact(id: $id) { files { edges { node { directUrl } } } } }", map[string]any{"id": aid})
			return dig(made, "bucket", "id"), fmt.Sprint(dig(got, "data", "artifact", "files", "edges", 0, "node", "directUrl"))
		}
		first, file := logged("g1", "gnzLDuqKcGxMNKFokfhOew==")
		second, same := logged("g2", "gnzLDuqKcGxMNKFokfhOew==")
		if a, b := strings.Split(file, "?")[0], strings.Split(same, "?")[0]; a != b {
			t.Errorf("%s and %s: expected one object", a, b)
		}
		left := func() int {
			return s.count("SELECT COUNT(*) FROM standin_artifacts WHERE collection = 'gone'") + s.count("SELECT COUNT(*) FROM standin_aliases WHERE collection = 'gone'")
		}
		for i, want := range []int{200, 404} { // the second one uses the object, too
			before := left()
			s.mutate(base, "deleteRun", "clientMutationId", map[string]any{"id": []any{first, second}[i], "deleteArtifacts": true})
			if code, err := s.call("GET", file, "", new(string)); code != want || left() >= before {
				t.Errorf("run %d: %d %v, %d rows of %d; expected %d", i, code, err, left(), before, want)
			}
		}
		third, kept := logged("g3", "gnzLDuqKcGxMNKFokfhOew==")
		s.mutate(base, "deleteRun", "clientMutationId", map[string]any{"id": third})
		if code, err := s.call("GET", kept, "", new(string)); code != 200 || left() == 0 {
			t.Errorf("without deleteArtifacts: %d %v, %d rows", code, err, left())
		}
	})
	s.t.Run("pods at the same time", func(t *testing.T) {
		sweep := s.mutate(base, "upsertSweep", "sweep { name }", map[string]any{"projectName": "p", "config": "method: grid\nparameters: {x: {values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}}"})
		var mu sync.Mutex
		var wg sync.WaitGroup
		combinations, versions := map[string]int{}, map[string]int{}
		for worker := range 6 {
			pod := bases[worker%len(bases)]
			wg.Add(1)
			go func() {
				defer wg.Done()
				agent := s.mutate(pod, "createAgent", "agent { id }", map[string]any{"host": "h", "sweep": dig(sweep, "sweep", "name")})
				for i := range 3 {
					beat := s.mutate(pod, "agentHeartbeat", "commands", map[string]any{"id": dig(agent, "agent", "id"), "runState": "{}"})
					a := s.mutate(pod, "createArtifact", "artifact { id }", map[string]any{"projectName": "p", "artifactTypeName": "model", "artifactCollectionName": "many", "digest": fmt.Sprint(worker, i), "clientID": fmt.Sprint("many", worker, i)})
					aid := dig(a, "artifact", "id")
					m := s.mutate(pod, "createArtifactManifest", "artifactManifest { file { uploadUrl } }", map[string]any{"artifactID": aid})
					put, _ := dig(m, "artifactManifest", "file", "uploadUrl").(string)
					if code, err := s.call("PUT", put, `{"contents": {}}`, nil); err != nil || code != 200 {
						t.Errorf("a manifest: %d %v", code, err)
					}
					c := s.mutate(pod, "commitArtifact", "artifact { versionIndex }", map[string]any{"artifactID": aid})
					mu.Lock()
					versions[fmt.Sprint(dig(c, "artifact", "versionIndex"))]++
					command := fmt.Sprint(dig(beat, "commands"))
					if _, args, run := strings.Cut(command, `"args":`); run {
						combinations[args[:strings.Index(args, "}")]]++
					}
					mu.Unlock()
				}
			}()
		}
		wg.Wait()
		if len(combinations) != 12 || len(versions) != 18 {
			t.Errorf("%d combinations of 12, %d versions of 18: %v %v", len(combinations), len(versions), combinations, versions)
		}
	})
}

func artifactInput(client, digest string) map[string]any {
	return map[string]any{"projectName": "p", "artifactTypeName": "model", "artifactCollectionName": "m", "digest": digest, "clientID": client, "enableDigestDeduplication": true}
}
