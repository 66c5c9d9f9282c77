package main

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (g *graph) lines(run int64, stream, order string) (list []string, err error) {
	list = []string{}
	return list, g.rows("SELECT line FROM standin_lines WHERE run_id = ? AND stream = ? "+order, []any{run, stream}, func(scan func(...any) error) error {
		var line string
		err := scan(&line)
		list = append(list, line)
		return err
	})
}

// lineCount is where the next line of a resumed run goes.
func (g *graph) lineCount(run int64, stream string) (n int, err error) {
	return n, g.rows("SELECT COALESCE(MAX(number) + 1, 0) FROM standin_lines WHERE run_id = ? AND stream = ?", []any{run, stream}, func(scan func(...any) error) error { return scan(&n) })
}

// logLines: what the program said. The SDK writes "2026-11-26T19:21:56.436781 text", with ERROR and a space before it for stderr.
func (g *graph) logLines(run int64, args arguments) (any, error) {
	lines, err := g.lines(run, "output", "ORDER BY number")
	if err != nil {
		return nil, err
	}
	var nodes []object
	for i, line := range lines {
		var level any
		if rest, found := strings.CutPrefix(line, "ERROR "); found {
			line, level = rest, "error"
		}
		stamp, said, _ := strings.Cut(line, " ")
		nodes = append(nodes, object{"LogLine", fields{"number": i, "timestamp": optional(stamp), "level": level, "label": nil, "line": said}})
	}
	if last := int(args.number("last", 0)); last > 0 && last < len(nodes) {
		nodes = nodes[len(nodes)-last:]
	}
	return connection("LogLine", nodes, args), nil
}

// tail is a JSON list of the last line.
func (g *graph) tail(run int64, stream string) (any, error) {
	lines, err := g.lines(run, stream, "ORDER BY number DESC LIMIT 1")
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(lines)
	return string(text), err
}

// sample keeps the first and the last, and as many between them as are wanted.
func sample[T any](list []T, wanted int) []T {
	if wanted <= 0 || len(list) <= wanted {
		return list
	}
	if wanted == 1 {
		return list[len(list)-1:]
	}
	out := make([]T, wanted)
	for i := range out {
		out[i] = list[i*(len(list)-1)/(wanted-1)]
	}
	return out
}

// row is one line of history: the values as the SDK wrote them.
type row map[string]json.RawMessage

func (r row) step() int64 {
	n, _ := strconv.ParseFloat(string(r["_step"]), 64)
	return int64(n)
}

// historyRows in the order of their steps. Only rows with minStep <= step < maxStep, and with all of the keys.
func (g *graph) historyRows(run, minStep, maxStep int64, keys []string) ([]row, error) {
	lines, err := g.lines(run, "history", "ORDER BY number")
	if err != nil {
		return nil, err
	}
	list := []row{}
	for _, line := range lines {
		r, err := parseRow(line)
		if err != nil {
			return nil, err
		}
		if step := r.step(); step < minStep || step >= maxStep {
			continue
		}
		if !slices.ContainsFunc(keys, func(k string) bool { return r[k] == nil }) {
			list = append(list, r)
		}
	}
	return list, nil
}

func parseRow(line string) (row, error) {
	var r row
	err := json.Unmarshal([]byte(line), &r)
	return r, err
}

// strict makes JSON of what the SDK writes: it knows NaN, Infinity and -Infinity, which become texts.
func strict(line string) (string, error) {
	if json.Valid([]byte(line)) {
		return line, nil
	}
	var out strings.Builder
	for i := 0; i < len(line); {
		if line[i] == '"' { // a string is copied as it is
			end := i + 1
			for end < len(line) && line[end] != '"' {
				if line[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(line))
			out.WriteString(line[i:end])
			i = end
			continue
		}
		word := ""
		for _, special := range notNumbers {
			if strings.HasPrefix(line[i:], special) {
				word = special
			}
		}
		if word == "" {
			out.WriteByte(line[i])
			i++
			continue
		}
		out.WriteString(`"` + word + `"`)
		i += len(word)
	}
	if !json.Valid([]byte(out.String())) {
		return "", refuse(http.StatusBadRequest, "a line of the file stream is not JSON")
	}
	return out.String(), nil
}

var notNumbers = []string{"NaN", "Infinity", "-Infinity"}

func (g *graph) history(run int64, args arguments) (any, error) {
	rows, err := g.historyRows(run, args.number("minStep", 0), args.number("maxStep", math.MaxInt64), nil)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, r := range sample(rows, int(args.number("samples", 500))) {
		text, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		out = append(out, string(text))
	}
	return out, nil
}

func (g *graph) sampledHistory(run int64, specs []string) (any, error) {
	out := [][]row{}
	for _, text := range specs {
		var spec struct {
			Keys             []string
			Samples          int
			MinStep, MaxStep *int64
		}
		if err := json.Unmarshal([]byte(text), &spec); err != nil {
			return nil, refuse(http.StatusBadRequest, "a spec of sampledHistory is not the expected JSON: %v", err)
		}
		from, to := int64(0), int64(math.MaxInt64)
		if spec.MinStep != nil {
			from = *spec.MinStep
		}
		if spec.MaxStep != nil {
			to = *spec.MaxStep + 1 // inclusive here
		}
		rows, err := g.historyRows(run, from, to, spec.Keys)
		if err != nil {
			return nil, err
		}
		for i, r := range rows {
			rows[i] = row{}
			for _, k := range spec.Keys {
				rows[i][k] = r[k]
			}
		}
		out = append(out, sample(rows, spec.Samples))
	}
	return out, nil
}

// flatten gives the values of a row with the names that the SDK reads back: a nested one has dots.
func flatten(prefix string, r row, into map[string]json.RawMessage) {
	for k, v := range r {
		name := prefix + k
		var inner row
		if json.Unmarshal(v, &inner) == nil && inner != nil && inner["_type"] == nil {
			flatten(name+".", inner, into)
			continue
		}
		into[name] = v
	}
}

func kind(v json.RawMessage) string {
	switch c := v[0]; {
	case c == '"' && slices.Contains(notNumbers, strings.Trim(string(v), `"`)):
		return "number"
	case c == '"':
		return "string"
	case c == '[':
		return "list"
	case c == '{':
		var typed struct {
			Type string `json:"_type"`
		}
		_ = json.Unmarshal(v, &typed)
		return or(typed.Type, "map")
	case c == 't' || c == 'f':
		return "bool"
	case c == 'n':
		return "null"
	}
	return "number"
}

// historyKeys: what was logged, how often, and the last value.
func (g *graph) historyKeys(run int64) (any, error) {
	rows, err := g.historyRows(run, math.MinInt64, math.MaxInt64, nil)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	counts := map[string]map[string]int{}
	last := map[string]json.RawMessage{}
	lastStep := int64(0)
	for _, r := range rows {
		flat := map[string]json.RawMessage{}
		flatten("", r, flat)
		for name, v := range flat {
			if counts[name] == nil {
				counts[name] = map[string]int{}
			}
			counts[name][kind(v)]++
			last[name] = v
		}
		lastStep = max(lastStep, r.step())
	}
	keys := map[string]any{}
	for name, types := range counts {
		var list []map[string]any
		for _, t := range slices.Sorted(maps.Keys(types)) {
			list = append(list, map[string]any{"type": t, "count": types[t]})
		}
		keys[name] = map[string]any{"typeCounts": list, "monotonic": false, "previousValue": last[name]}
	}
	return map[string]any{"lastStep": lastStep, "keys": keys, "sets": []any{}}, nil
}
