package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed runs.html
var runsSource string

var runsPage = template.Must(template.New("runs").Parse(runsSource))

const (
	curveWidth, curveHeight = 300, 80
	curvePoints             = 300
	shownRuns, shownCurves  = 50, 48
)

// curve is one metric over the steps; a value that is no number interrupts the line.
type curve struct {
	Name              string
	Lines             []string // points of SVG polylines
	Dots              []string // a value between two gaps: "x,y" is no line
	Min, Max, Last    string
	FirstStep, ToStep int64
	Width, Height     int
}

type point struct {
	step  int64
	value float64
}

func curves(rows []row) []curve {
	series := map[string][]point{}
	for _, r := range rows {
		flat := map[string]json.RawMessage{}
		flatten("", r, flat)
		for name, v := range flat {
			if strings.HasPrefix(name, "_") || kind(v) != "number" {
				continue
			}
			value, err := strconv.ParseFloat(string(v), 64)
			if err != nil {
				value = math.NaN() // one of notNumbers
			}
			series[name] = append(series[name], point{r.step(), value})
		}
	}
	list := []curve{}
	for _, name := range slices.Sorted(maps.Keys(series)) {
		list = append(list, draw(name, sample(series[name], curvePoints)))
	}
	return list
}

func draw(name string, points []point) curve {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		if !math.IsNaN(p.value) {
			low, high = min(low, p.value), max(high, p.value)
		}
	}
	first, last := points[0].step, points[len(points)-1].step
	c := curve{Name: name, Min: number(low), Max: number(high), Last: number(points[len(points)-1].value), FirstStep: first, ToStep: last, Width: curveWidth, Height: curveHeight}
	x := func(step int64) float64 {
		return float64(curveWidth) * (float64(step-first) + 0.5) / (float64(last-first) + 1)
	}
	y := func(v float64) float64 {
		if high == low {
			return curveHeight / 2
		}
		return 2 + (curveHeight-4)*(high-v)/(high-low)
	}
	var line []string
	end := func() {
		switch len(line) {
		case 0:
		case 1:
			c.Dots = append(c.Dots, line[0])
		default:
			c.Lines = append(c.Lines, strings.Join(line, " "))
		}
		line = nil
	}
	for _, p := range points {
		if math.IsNaN(p.value) {
			end()
			continue
		}
		line = append(line, fmt.Sprintf("%.1f,%.1f", x(p.step), y(p.value)))
	}
	end()
	return c
}

// DotX and DotY are for the template.
func (c curve) DotX(dot string) string { return dot[:strings.IndexByte(dot, ',')] }

func (c curve) DotY(dot string) string { return dot[strings.IndexByte(dot, ',')+1:] }

func number(v float64) string {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return "–"
	}
	return strconv.FormatFloat(v, 'g', 5, 64)
}

type runView struct {
	ID, Name, Project, State, Age string
	Lines                         int
	Curves                        []curve
	Hidden                        int // curves that are not shown
	Config, Summary               string
	Files                         []fileView
	Artifacts                     []string
}

type fileView struct {
	Name, URL string
	Size      int64
}

func (g *graph) view(r tracked, most int) (runView, error) {
	rows, err := g.historyRows(r.id, math.MinInt64, math.MaxInt64, nil)
	all := curves(rows)
	shown := all[:min(len(all), most)]
	return runView{ID: r.name, Name: r.displayName, Project: r.project, State: r.state, Age: time.Since(r.created).Round(time.Second).String(), Lines: len(rows),
		Curves: shown, Hidden: len(all) - len(shown)}, err
}

// handleRuns: the last runs, of one project or of all, each with its first curves.
func (s *server) handleRuns(w http.ResponseWriter, r *http.Request) error {
	g := &graph{ctx: r.Context(), s: s}
	project := r.PathValue("project")
	list, err := g.findRuns("WHERE ? = '' OR p.name = ? ORDER BY r.id DESC LIMIT "+strconv.Itoa(shownRuns), project, project)
	if err != nil {
		return err
	}
	var views []runView
	for _, t := range list {
		v, err := g.view(t, 3)
		if err != nil {
			return err
		}
		views = append(views, v)
	}
	return s.writeRuns(w, map[string]any{"Title": or(project, "All projects"), "Runs": views, "Most": shownRuns})
}

// handleRun: one run with all its curves, its configuration, files and artifacts.
func (s *server) handleRun(w http.ResponseWriter, r *http.Request) error {
	g := &graph{ctx: r.Context(), s: s}
	t, err := g.needRun(entityName, r.PathValue("project"), r.PathValue("run"))
	if err != nil {
		return err
	}
	v, err := g.view(*t, shownCurves)
	if err != nil {
		return err
	}
	v.Config, v.Summary = indented(t.config), indented(t.summary)
	files, err := g.findFiles(t.id)
	if err != nil {
		return err
	}
	k, err := s.backends.bucket()
	if err != nil {
		return err
	}
	for _, f := range files {
		v.Files = append(v.Files, fileView{f.name, k.presign(http.MethodGet, trackedKey(t.id, f.name), readFor, time.Now()), f.size})
	}
	artifacts, err := g.findArtifacts("WHERE a.state = 'COMMITTED' AND a.run_id = ? ORDER BY a.id", t.id)
	if err != nil {
		return err
	}
	for _, a := range artifacts {
		v.Artifacts = append(v.Artifacts, fmt.Sprintf("%s:%s (%s, %d files, %d bytes)", a.collection, a.name(), a.kind, a.fileCount, a.size))
	}
	return s.writeRuns(w, map[string]any{"Title": v.Project + " / " + v.Name, "Run": v})
}

func indented(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return text
	}
	return string(out)
}

func (s *server) writeRuns(w http.ResponseWriter, data map[string]any) error {
	data["Component"], data["Version"], data["Entity"] = s.name, version, entityName
	var out strings.Builder
	if err := runsPage.Execute(&out, data); err != nil {
		return errors.Join(errors.New("the page of the runs"), err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write([]byte(out.String()))
	return err
}
