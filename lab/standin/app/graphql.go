package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A small GraphQL: parser of requests, and an executor over plain Go values. There is no schema: an object that is asked
// for a field it does not have answers with an error that names both, so what the stand-in does not know is never silent.

// object is what a selection picks from: values, or functions of the field's arguments.
type object struct {
	typ    string
	fields fields
}

type fields map[string]any

type resolver func(args arguments) (any, error)

// arguments of a field, variables replaced. Numbers are int64 or float64.
type arguments map[string]any

func (a arguments) text(name string) string {
	s, _ := a[name].(string)
	return s
}

// number takes what JSON and GraphQL call a number.
func (a arguments) number(name string, otherwise int64) int64 {
	switch n := a[name].(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return otherwise
}

func (a arguments) flag(name string) bool {
	on, _ := a[name].(bool)
	return on
}

func (a arguments) list(name string) []any {
	list, _ := a[name].([]any)
	return list
}

func (a arguments) texts(name string) []string {
	var out []string
	for _, x := range a.list(name) {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (a arguments) object(name string) arguments {
	m, _ := a[name].(map[string]any)
	return m
}

type selection struct {
	name, alias string // a field; no name: a fragment
	fragment    string // spread of a named fragment
	on          string // condition of an inline fragment
	args        map[string]any
	directives  map[string]map[string]any
	selections  []selection
}

type document struct {
	kind, name string // query or mutation
	defaults   map[string]any
	selections []selection
	fragments  map[string]selection
}

type variable string

type graphQLParser struct {
	tokens []string
	at     int
}

// parseGraphQL reads a request with one operation.
func parseGraphQL(text string) (*document, error) {
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := &graphQLParser{tokens: tokens}
	doc := &document{defaults: map[string]any{}, fragments: map[string]selection{}}
	for p.peek() != "" {
		switch kind := p.peek(); kind {
		case "fragment":
			p.next()
			name := p.next()
			if err := p.expect("on"); err != nil {
				return nil, err
			}
			f := selection{on: p.next()}
			if f.selections, err = p.selectionSet(); err != nil {
				return nil, err
			}
			doc.fragments[name] = f
		case "query", "mutation", "{":
			if doc.kind != "" {
				return nil, errors.New("the request has more than one operation")
			}
			doc.kind = "query"
			if kind != "{" {
				doc.kind = p.next()
				if err := p.operationHead(doc); err != nil {
					return nil, err
				}
			}
			if doc.selections, err = p.selectionSet(); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("unexpected %q; expected query, mutation or fragment", kind)
		}
	}
	if doc.kind == "" {
		return nil, errors.New("the request has no operation")
	}
	return doc, nil
}

func tokenize(text string) ([]string, error) {
	var tokens []string
	word := func(c byte) bool {
		return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.'
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',':
			i++
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case strings.HasPrefix(text[i:], "..."):
			tokens = append(tokens, "...")
			i += 3
		case strings.IndexByte("{}()[]:$!=@|&", c) >= 0:
			tokens = append(tokens, string(c))
			i++
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(text) {
				return nil, errors.New("a string does not end")
			}
			tokens = append(tokens, text[i:end+1])
			i = end + 1
		case word(c):
			end := i
			for end < len(text) && word(text[end]) {
				end++
			}
			tokens = append(tokens, text[i:end])
			i = end
		default:
			return nil, fmt.Errorf("unexpected %q", c)
		}
	}
	return tokens, nil
}

func (p *graphQLParser) peek() string {
	if p.at >= len(p.tokens) {
		return ""
	}
	return p.tokens[p.at]
}

func (p *graphQLParser) next() string {
	t := p.peek()
	p.at++
	return t
}

func (p *graphQLParser) accept(t string) bool {
	if p.peek() != t {
		return false
	}
	p.at++
	return true
}

func (p *graphQLParser) expect(t string) error {
	if got := p.next(); got != t {
		return fmt.Errorf("unexpected %q; expected %q", got, t)
	}
	return nil
}

// operationHead: the name, and variables of which only the default values matter here.
func (p *graphQLParser) operationHead(doc *document) error {
	if p.peek() != "(" && p.peek() != "{" {
		doc.name = p.next()
	}
	if !p.accept("(") {
		return nil
	}
	for !p.accept(")") {
		if err := p.expect("$"); err != nil {
			return err
		}
		name := p.next()
		if err := p.expect(":"); err != nil {
			return err
		}
		for slices.Contains([]string{"[", "]", "!"}, p.peek()) || p.peek() != "$" && p.peek() != ")" && p.peek() != "=" {
			if p.next() == "" {
				return errors.New("the list of variables does not end")
			}
		}
		if p.accept("=") {
			v, err := p.value()
			if err != nil {
				return err
			}
			doc.defaults[name] = v
		}
	}
	return nil
}

func (p *graphQLParser) selectionSet() ([]selection, error) {
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	var out []selection
	for !p.accept("}") {
		s, err := p.selection()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (p *graphQLParser) selection() (s selection, err error) {
	if p.peek() == "" {
		return s, errors.New("a selection does not end")
	}
	if p.accept("...") {
		switch {
		case p.accept("on"):
			s.on = p.next()
		case p.peek() != "{" && p.peek() != "@":
			s.fragment = p.next()
		}
	} else {
		s.name = p.next()
		s.alias = s.name
		if p.accept(":") {
			s.name = p.next()
		}
		if s.args, err = p.arguments(); err != nil {
			return s, err
		}
	}
	s.directives = map[string]map[string]any{}
	for p.accept("@") {
		name := p.next()
		if s.directives[name], err = p.arguments(); err != nil {
			return s, err
		}
	}
	if p.peek() == "{" {
		s.selections, err = p.selectionSet()
	}
	return s, err
}

func (p *graphQLParser) arguments() (map[string]any, error) {
	args := map[string]any{}
	if !p.accept("(") {
		return args, nil
	}
	return args, p.pairs(args, ")")
}

func (p *graphQLParser) pairs(into map[string]any, end string) error {
	for !p.accept(end) {
		name := p.next()
		if err := p.expect(":"); err != nil {
			return err
		}
		v, err := p.value()
		if err != nil {
			return err
		}
		into[name] = v
	}
	return nil
}

func (p *graphQLParser) value() (any, error) {
	t := p.next()
	switch {
	case t == "$":
		return variable(p.next()), nil
	case t == "true", t == "false":
		return t == "true", nil
	case t == "null":
		return nil, nil
	case t == "[":
		list := []any{}
		for !p.accept("]") {
			v, err := p.value()
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case t == "{":
		m := map[string]any{}
		return m, p.pairs(m, "}")
	case strings.HasPrefix(t, `"`):
		var s string
		return s, json.Unmarshal([]byte(t), &s)
	case t == "" || strings.Contains("{}()[]:!=@|&...", t):
		return nil, fmt.Errorf("unexpected %q; expected a value", t)
	}
	if n, err := strconv.ParseInt(t, 10, 64); err == nil {
		return n, nil
	}
	if f, err := strconv.ParseFloat(t, 64); err == nil {
		return f, nil
	}
	return t, nil // an enum
}

// abstract types of W&B's API that its SDK names in fragments.
var abstract = map[string][]string{"ArtifactCollection": {"ArtifactSequence"}}

type execution struct {
	doc       *document
	variables map[string]any
}

// run answers the operation from the roots.
func (x *execution) run(roots map[string]object) (map[string]any, error) {
	root, ok := roots[x.doc.kind]
	if !ok {
		return nil, refuse(http.StatusBadRequest, "the stand-in has no %s", x.doc.kind)
	}
	return x.pick(root, x.doc.selections)
}

// substitute puts variables in place; what nobody gave is left out, as the specification has it.
func (x *execution) substitute(v any) (any, bool) {
	switch v := v.(type) {
	case variable:
		if given, ok := x.variables[string(v)]; ok {
			return given, true
		}
		d, ok := x.doc.defaults[string(v)]
		return d, ok
	case []any:
		list := []any{}
		for _, item := range v {
			if r, ok := x.substitute(item); ok {
				list = append(list, r)
			}
		}
		return list, true
	case map[string]any:
		m := map[string]any{}
		for k, item := range v {
			if r, ok := x.substitute(item); ok {
				m[k] = r
			}
		}
		return m, true
	}
	return v, true
}

func (x *execution) arguments(args map[string]any) arguments {
	m, _ := x.substitute(args)
	return m.(map[string]any)
}

func (x *execution) skipped(s selection) bool {
	if d, ok := s.directives["skip"]; ok && x.arguments(d).flag("if") {
		return true
	}
	d, ok := s.directives["include"]
	return ok && !x.arguments(d).flag("if")
}

// collect gathers the fields that apply to a type; a field selected twice has its selections merged.
func (x *execution) collect(typ string, from []selection, into *[]selection) error {
	for _, s := range from {
		if x.skipped(s) {
			continue
		}
		if s.name == "" {
			inner := s
			if s.fragment != "" {
				var known bool
				if inner, known = x.doc.fragments[s.fragment]; !known {
					return refuse(http.StatusBadRequest, "the request has no fragment %s", s.fragment)
				}
			}
			if inner.on == "" || inner.on == typ || slices.Contains(abstract[inner.on], typ) {
				if err := x.collect(typ, inner.selections, into); err != nil {
					return err
				}
			}
			continue
		}
		same := slices.IndexFunc(*into, func(other selection) bool { return other.alias == s.alias })
		if same >= 0 {
			(*into)[same].selections = append(slices.Clone((*into)[same].selections), s.selections...)
		} else {
			*into = append(*into, s)
		}
	}
	return nil
}

func (x *execution) pick(o object, from []selection) (map[string]any, error) {
	var wanted []selection
	if err := x.collect(o.typ, from, &wanted); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, s := range wanted {
		if s.name == "__typename" {
			out[s.alias] = o.typ
			continue
		}
		v, known := o.fields[s.name]
		if !known {
			return nil, refuse(http.StatusBadRequest, "the stand-in's %s has no field %q", o.typ, s.name)
		}
		if f, ok := v.(resolver); ok {
			var err error
			if v, err = f(x.arguments(s.args)); err != nil {
				return nil, err
			}
		}
		v, err := x.complete(v, s)
		if err != nil {
			return nil, err
		}
		out[s.alias] = v
	}
	return out, nil
}

func (x *execution) complete(v any, s selection) (any, error) {
	switch v := v.(type) {
	case object:
		return x.pick(v, s.selections)
	case *object:
		if v == nil {
			return nil, nil
		}
		return x.pick(*v, s.selections)
	case []object:
		list := make([]any, len(v))
		for i, o := range v {
			var err error
			if list[i], err = x.pick(o, s.selections); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return v, nil
}

// connection is a page of a list; the cursor is the position of the last one.
func connection(typ string, nodes []object, args arguments) object {
	from := 0
	if after, err := strconv.Atoi(args.text("after")); err == nil && after > 0 {
		from = min(after, len(nodes))
	}
	to := len(nodes)
	if first := args.number("first", -1); first >= 0 {
		to = min(from+int(first), len(nodes))
	}
	edges := []object{}
	for i := from; i < to; i++ {
		edges = append(edges, object{typ + "Edge", fields{"node": nodes[i], "cursor": strconv.Itoa(i + 1), "version": nodes[i].fields["version"]}})
	}
	return object{typ + "Connection", fields{"edges": edges, "totalCount": len(nodes),
		"pageInfo": object{"PageInfo", fields{"endCursor": strconv.Itoa(to), "hasNextPage": to < len(nodes)}}}}
}
