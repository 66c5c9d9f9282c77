package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func execute(t *testing.T, query, variables string) (string, error) {
	t.Helper()
	doc, err := parseGraphQL(query)
	if err != nil {
		return "", err
	}
	x := &execution{doc: doc, variables: map[string]any{}}
	if err := json.Unmarshal([]byte(variables), &x.variables); err != nil {
		t.Fatal(err)
	}
	echo := resolver(func(args arguments) (any, error) { return map[string]any(args), nil })
	file := object{"File", fields{"name": "a", "size": 1}}
	out, err := x.run(map[string]object{"query": {"Query", fields{"echo": echo, "file": file, "nothing": nil, "sequence": object{"ArtifactSequence", fields{"id": "s"}},
		"list": []object{file, file}, "broken": resolver(func(arguments) (any, error) { return nil, refuse(404, "no") })}}})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(out)
	return string(text), err
}

func TestGraphQLAnswers(t *testing.T) {
	for _, c := range []struct{ query, variables, want string }{
		{`{ file { name } }`, `{}`, `{"file":{"name":"a"}}`},
		{`query Q { f: file { __typename n: name } nothing { x } }`, `{}`, `{"f":{"__typename":"File","n":"a"},"nothing":null}`},
		{`query($a: String!, $b: [Int!] = [1, 2], $c: Int) { echo(a: $a, b: $b, c: $c, d: {e: $a, f: $c, g: ENUM}) }`, `{"a": "ä\"}"}`,
			`{"echo":{"a":"ä\"}","b":[1,2],"d":{"e":"ä\"}","g":"ENUM"}}}`},
		{"# comment\nquery { echo(s: \"a \\\"} \\u00e4\", n: -1.5e3, t: true, z: null) }", `{}`, `{"echo":{"n":-1500,"s":"a \"} ä","t":true,"z":null}}`},
		{`query($no: Boolean = false) { file { name @include(if: $no) size @skip(if: true) ...F } } fragment F on File { size @skip(if: $no) }`, `{}`, `{"file":{"size":1}}`},
		{`{ file { ...A } file { name } list { size ...A @include(if: false) } } fragment A on File { size }`, `{}`, `{"file":{"name":"a","size":1},"list":[{"size":1},{"size":1}]}`},
		{`{ sequence { ... on ArtifactCollection { id } ... on ArtifactPortfolio { name } ... { id } } }`, `{}`, `{"sequence":{"id":"s"}}`},
	} {
		if got, err := execute(t, c.query, c.variables); err != nil || got != c.want {
			t.Errorf("%s:\n got %s %v\nwant %s", c.query, got, err, c.want)
		}
	}
}

func TestGraphQLRefuses(t *testing.T) {
	for query, want := range map[string]string{
		"": "no operation", "{ file { nmae } }": `File has no field "nmae"`, "{ file { name }": "does not end", `{ echo(a: "x) }`: "does not end", "query { a } query { b }": "more than one",
		"{ file { ...F } }": "no fragment F", "{ broken }": "no", "mutation { a }": "no mutation", "subscription { a }": "unexpected", "{ echo(a: }) }": "expected a value",
		"query($a: [String": "does not end", "{ echo(a 1) }": `expected ":"`, "{ € }": "unexpected", "{ echo(a: [1": "unexpected", "{ echo(a: {b: 1": "unexpected",
	} {
		if got, err := execute(t, query, "{}"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v; expected %s", query, got, err, want)
		}
	}
}

func FuzzParseGraphQL(f *testing.F) {
	f.Add("query Q($a: [String!]! = [\"x\"]) { a: b(c: {d: $a}) @include(if: true) { ...F ... on T { e } } } fragment F on T { g }")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = parseGraphQL(text) }) // it ends, and does not panic
}

func TestConnectionPages(t *testing.T) {
	var nodes []object
	for i := range 5 {
		nodes = append(nodes, object{"N", fields{"i": i}})
	}
	for _, c := range []struct {
		args  arguments
		edges int
		more  bool
		end   string
	}{{arguments{}, 5, false, "5"}, {arguments{"first": int64(2)}, 2, true, "2"}, {arguments{"first": int64(2), "after": "4"}, 1, false, "5"}, {arguments{"first": int64(2), "after": "9"}, 0, false, "5"}} {
		got := connection("N", nodes, c.args)
		info := got.fields["pageInfo"].(object).fields
		if n := len(got.fields["edges"].([]object)); n != c.edges || info["hasNextPage"] != c.more || info["endCursor"] != c.end || got.fields["totalCount"] != 5 {
			t.Errorf("%v: %d edges, %v", c.args, n, info)
		}
	}
}

// Only the state of the server may be asked without a key; a wrong key is refused even for that.
func TestGraphQLKey(t *testing.T) {
	s := newServer("api", env("GLOBAL_ADMIN_API_KEY", "local-1"))
	for _, c := range []struct {
		query, key, want string
		status           int
	}{
		{"{ viewer { username } serverInfo { cliVersionInfo } }", "", `"viewer":null`, 200}, {"{ viewer { username } }", "local-1", `"username":"admin"`, 200},
		{"{ viewer { username } }", "local-2", "not logged in", 401}, {`{ project(name: "p") { id } }`, "", "not logged in", 401},
		{`mutation { upsertBucket(input: {name: "x"}) { inserted } }`, "", "not logged in", 401},
		// With the key it gets as far as the database.
		{`{ project(name: "p") { id } }`, "local-1", "neither MYSQL nor MYSQL_HOST", 503}, {`{ project(name: "p", entityName: "other") { id } }`, "local-1", `"project":null`, 200},
		// What the stand-in does not know is the client's fault, and is not tried again.
		{"{ viewer { shoeSize } }", "local-1", `User has no field \"shoeSize\"`, 400}, {"mutation { createRocket(input: {}) { id } }", "local-1", `Mutation has no field \"createRocket\"`, 400},
	} {
		body, _ := json.Marshal(map[string]string{"query": c.query})
		r := httptest.NewRequest("POST", "/graphql", strings.NewReader(string(body)))
		if c.key != "" {
			r.SetBasicAuth("api", c.key)
		}
		w := httptest.NewRecorder()
		if s.handler().ServeHTTP(w, r); w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s with key %q: %d %s", c.query, c.key, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/runs", "/standin/p", "/standin/p/runs/r"} {
		if w, _ := call(t, newServer("app", env("GLOBAL_ADMIN_API_KEY", "local-1")), "GET", path, ""); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w, _ := call(t, s, "POST", "/files/standin/p/r/file_stream", "{}"); w.Code != http.StatusUnauthorized {
		t.Error(w.Code)
	}
}

func TestStrict(t *testing.T) {
	for line, want := range map[string]string{
		`{"a":1}`: `{"a":1}`, `{"a":NaN,"b":[Infinity,-Infinity]}`: `{"a":"NaN","b":["Infinity","-Infinity"]}`, `{"NaN \" Infinity":NaN}`: `{"NaN \" Infinity":"NaN"}`,
	} {
		if got, err := strict(line); err != nil || got != want {
			t.Errorf("%s: %s %v", line, got, err)
		}
	}
	for _, line := range []string{"", "{", `{"a":`, `{"a":"`, `{"a":NaNo}`, `{"a\`} {
		if got, err := strict(line); err == nil {
			t.Errorf("%s: %s", line, got)
		}
	}
}

func rowsOf(t *testing.T, lines ...string) (rows []row) {
	t.Helper()
	for _, line := range lines {
		r, err := parseRow(line)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

func TestCurves(t *testing.T) {
	list := curves(rowsOf(t, `{"_step":0,"b":{"c":1},"a":2,"word":"x","table":{"_type":"table-file","size":3}}`, `{"_step":1,"a":"NaN"}`, `{"_step":2,"a":4}`, `{"_step":3,"a":3}`))
	if len(list) != 2 || list[0].Name != "a" || list[1].Name != "b.c" {
		t.Fatalf("%+v", list)
	}
	// The first value stands alone before the gap, the line joins the other two.
	a := list[0]
	if a.Min != "2" || a.Max != "4" || a.Last != "3" || a.FirstStep != 0 || a.ToStep != 3 || len(a.Lines) != 1 || len(a.Dots) != 1 {
		t.Errorf("%+v", a)
	}
	if a.Lines[0] != "187.5,2.0 262.5,40.0" || a.DotX(a.Dots[0]) != "37.5" || a.DotY(a.Dots[0]) != "78.0" {
		t.Errorf("%q %q", a.Lines, a.Dots)
	}
	if flat := list[1]; flat.Dots[0] != "150.0,40.0" {
		t.Errorf("%+v", flat)
	}
	only := curves(rowsOf(t, `{"_step":0,"a":"NaN"}`))
	if len(only) != 1 || only[0].Min != "–" || len(only[0].Lines)+len(only[0].Dots) != 0 {
		t.Errorf("%+v", only)
	}
}

func TestSample(t *testing.T) {
	list := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for wanted, want := range map[int]string{0: fmt.Sprint(list), 20: fmt.Sprint(list), 1: "[9]", 2: "[0 9]", 4: "[0 3 6 9]"} {
		if got := fmt.Sprint(sample(list, wanted)); got != want {
			t.Errorf("%d: %s", wanted, got)
		}
	}
}

func TestLike(t *testing.T) {
	for _, c := range []struct {
		name, pattern string
		want          bool
	}{{"a.json", "%.json", true}, {"a.json", "a%", true}, {"a.json", "a.json", true}, {"a.json", "b%", false}, {"a/b/c.txt", "a/%/%.txt", true}, {"a/c.txt", "a/%/%.txt", false}, {"a.json", "%", true}} {
		if got := like(c.name, c.pattern); got != c.want {
			t.Errorf("%s like %s: %v", c.name, c.pattern, got)
		}
	}
}

func TestSweepGrid(t *testing.T) {
	c, all, err := parseSweep("method: grid\nname: n\nparameters:\n  x: {values: [0.1, 2]}\n  y: {value: fixed}\n  z: {values: [a, b, c]}\n")
	if err != nil || c.Name != "n" || len(all) != 6 || fmt.Sprint(all[5]) != "map[x:map[value:2] y:map[value:fixed] z:map[value:c]]" {
		t.Fatalf("%v %v", all, err)
	}
	for text, want := range map[string]string{"method: bayes": "method grid, not", "a: [": "not YAML", "method: grid\nparameters: {x: 3}": "parameter x",
		"method: grid\nparameters: {x: {values: [" + strings.Repeat("1,", 101) + "]}, y: {values: [" + strings.Repeat("1,", 101) + "]}}": "10000"} {
		if _, _, err := parseSweep(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestIDs(t *testing.T) {
	if n, ok := parseID("Run", nodeID("Run", 7)); !ok || n != 7 {
		t.Error(n, ok)
	}
	for _, id := range []string{"", "x", nodeID("Artifact", 7), nodeID("Run", 7) + "/file"} {
		if _, ok := parseID("Run", id); ok {
			t.Error(id)
		}
	}
}

// verify compares the SDK's version with what the server says it can: the stand-in says what it is tested with.
func TestSDKVersion(t *testing.T) {
	pinned, err := os.ReadFile("../../../requirements/wandb.txt")
	if err != nil || !strings.Contains(string(pinned), "\nwandb=="+sdkVersion+"\n") {
		t.Errorf("sdkVersion is %s; requirements/wandb.txt: %v\n%s", sdkVersion, err, pinned)
	}
}

func TestWandbConfig(t *testing.T) {
	if got, err := wandbConfig(`{"_wandb":{"value":{"t":{"1":[5]},"u":1}},"lr":{"value":1}}`, []string{"t", "x"}); err != nil || got != `{"t":{"1":[5]}}` {
		t.Error(got, err)
	}
	if got, err := wandbConfig("{}", []string{"t"}); err != nil || got != "{}" {
		t.Error(got, err)
	}
}
