package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// Sweeps with the method grid: agents ask for work, and each combination of values is handed out once.

type sweep struct {
	id, projectID int64
	project, name string
	text, state   string
	handedOut     int
	created       time.Time
}

type sweepConfig struct {
	Method     string    `yaml:"method"`
	Name       string    `yaml:"name"`
	Parameters yaml.Node `yaml:"parameters"`
}

type combination map[string]map[string]any

func parseSweep(text string) (*sweepConfig, []combination, error) {
	var c sweepConfig
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		return nil, nil, refuse(http.StatusBadRequest, "the sweep's configuration is not YAML: %v", err)
	}
	if c.Method != "grid" {
		return nil, nil, refuse(http.StatusBadRequest, "the stand-in's sweeps have the method grid, not %q", c.Method)
	}
	all := []combination{{}}
	for i := 0; i+1 < len(c.Parameters.Content); i += 2 { // in the order of the file
		name := c.Parameters.Content[i].Value
		var p struct {
			Value  any   `yaml:"value"`
			Values []any `yaml:"values"`
		}
		if err := c.Parameters.Content[i+1].Decode(&p); err != nil {
			return nil, nil, refuse(http.StatusBadRequest, "the sweep's parameter %s: %v", name, err)
		}
		if p.Values == nil {
			p.Values = []any{p.Value}
		}
		if len(all)*len(p.Values) > 10000 {
			return nil, nil, refuse(http.StatusBadRequest, "the sweep has more than 10000 combinations")
		}
		var next []combination
		for _, so := range all {
			for _, v := range p.Values {
				with := combination{name: {"value": v}}
				for k, old := range so {
					with[k] = old
				}
				next = append(next, with)
			}
		}
		all = next
	}
	return &c, all, nil
}

func (g *graph) findSweeps(where string, args ...any) (list []sweep, err error) {
	query := "SELECT s.id, s.project_id, p.name, s.name, s.config, s.state, s.handed_out, s.created_at FROM standin_sweeps s JOIN standin_projects p ON p.id = s.project_id " + where
	return list, g.rows(query, args, func(scan func(...any) error) error {
		var s sweep
		err := scan(&s.id, &s.projectID, &s.project, &s.name, &s.text, &s.state, &s.handedOut, &s.created)
		list = append(list, s)
		return err
	})
}

func (g *graph) findSweep(where string, args ...any) (*sweep, error) {
	list, err := g.findSweeps(where, args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func (g *graph) sweepByName(p project, name string) (any, error) {
	found, err := g.findSweep("WHERE s.project_id = ? AND s.name = ?", p.id, name)
	if err != nil || found == nil {
		return nil, err
	}
	return g.sweep(*found)
}

func (g *graph) sweep(w sweep) (any, error) {
	c, all, err := parseSweep(w.text)
	if err != nil {
		return nil, err
	}
	runs := func() ([]tracked, error) {
		return g.findRuns("WHERE r.project_id = ? AND r.sweep = ? ORDER BY r.id", w.projectID, w.name)
	}
	return object{"Sweep", fields{
		"id": nodeID("Sweep", w.id), "name": w.name, "displayName": optional(c.Name), "method": c.Method, "state": w.state, "description": nil, "config": w.text, "bestLoss": nil,
		"createdAt": timestamp(w.created), "updatedAt": timestamp(w.created), "heartbeatAt": timestamp(w.created), "earlyStopJobRunning": false, "controller": nil, "scheduler": nil,
		"controllerRunName": nil, "runCountExpected": len(all),
		"project": resolver(func(arguments) (any, error) { return g.project(project{id: w.projectID, name: w.project}), nil }),
		"runCount": resolver(func(arguments) (any, error) {
			list, err := runs()
			return len(list), err
		}),
		"runs": resolver(func(args arguments) (any, error) {
			list, err := runs()
			return connection("Run", g.runObjects(list), args), err
		}),
	}}, nil
}

func (g *graph) upsertSweep(in arguments) (any, error) {
	var found *sweep
	var err error
	if id, ok := parseID("Sweep", in.text("id")); ok {
		if found, err = g.findSweep("WHERE s.id = ?", id); err != nil {
			return nil, err
		}
	}
	if found == nil {
		if _, _, err := parseSweep(in.text("config")); err != nil {
			return nil, err
		}
		p, err := g.ensureProject(in.text("entityName"), in.text("projectName"))
		if err != nil {
			return nil, err
		}
		name := newID(8)
		if _, err := g.exec("INSERT INTO standin_sweeps (project_id, name, config) VALUES (?, ?, ?)", p.id, name, in.text("config")); err != nil {
			return nil, err
		}
		if found, err = g.findSweep("WHERE s.name = ?", name); err != nil || found == nil {
			return nil, errors.Join(err, errors.New("the sweep is gone again"))
		}
	}
	if state := in.text("state"); state != "" {
		if _, err := g.exec("UPDATE standin_sweeps SET state = ? WHERE id = ?", state, found.id); err != nil {
			return nil, err
		}
		found.state = state
	}
	o, err := g.sweep(*found)
	return object{"UpsertSweepPayload", fields{"sweep": o, "configValidationWarnings": []string{}}}, err
}

func (g *graph) createAgent(in arguments) (any, error) {
	w, err := g.findSweep("WHERE s.name = ?", in.text("sweep"))
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, refuse(http.StatusNotFound, "there is no sweep %q", in.text("sweep"))
	}
	made, err := g.exec("INSERT INTO standin_agents (sweep_id, host) VALUES (?, ?)", w.id, in.text("host"))
	if err != nil {
		return nil, err
	}
	id, err := made.LastInsertId()
	return object{"CreateAgentPayload", fields{"agent": object{"Agent", fields{"id": nodeID("Agent", id)}}}}, err
}

// agentHeartbeat hands out one combination to an agent that has no run; when none is left, the agent may go.
func (g *graph) agentHeartbeat(in arguments) (any, error) {
	id, _ := parseID("Agent", in.text("id"))
	w, err := g.findSweep("JOIN standin_agents a ON a.sweep_id = s.id WHERE a.id = ?", id)
	if err != nil {
		return nil, err
	}
	if w == nil {
		return nil, refuse(http.StatusNotFound, "there is no agent %q", in.text("id"))
	}
	busy := map[string]bool{}
	if text := in.text("runState"); text != "" {
		if err := json.Unmarshal([]byte(text), &busy); err != nil {
			return nil, refuse(http.StatusBadRequest, "runState is not the expected JSON: %v", err)
		}
	}
	commands := []map[string]any{}
	if len(busy) == 0 {
		next, err := g.nextCombination(*w)
		if err != nil {
			return nil, err
		}
		commands = append(commands, next)
	}
	text, err := json.Marshal(commands)
	return object{"AgentHeartbeatPayload", fields{"agent": object{"Agent", fields{"id": in.text("id")}}, "commands": string(text)}}, err
}

func (g *graph) nextCombination(w sweep) (map[string]any, error) {
	_, all, err := parseSweep(w.text)
	if err != nil {
		return nil, err
	}
	if slices.Contains([]string{"CANCELED", "FINISHED"}, w.state) {
		return map[string]any{"type": "exit"}, nil
	}
	number := -1
	if err := g.takeNumber(w.id, len(all), &number); err != nil {
		return nil, err
	}
	if number < 0 {
		return map[string]any{"type": "exit"}, nil
	}
	return map[string]any{"type": "run", "run_id": newID(8), "args": all[number], "logs": []string{}}, nil
}

// takeNumber counts under the lock of the row: of many agents each gets another number.
func (g *graph) takeNumber(id int64, limit int, number *int) error {
	db, err := g.db()
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(g.ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after the commit it does nothing
	var handedOut int
	if err := tx.QueryRowContext(g.ctx, "SELECT handed_out FROM standin_sweeps WHERE id = ? FOR UPDATE", id).Scan(&handedOut); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return refuse(http.StatusNotFound, "the sweep is gone")
		}
		return fmt.Errorf("the sweep: %w", err)
	}
	state := "FINISHED"
	if handedOut < limit {
		*number, state = handedOut, "RUNNING"
		handedOut++
	}
	if _, err := tx.ExecContext(g.ctx, "UPDATE standin_sweeps SET handed_out = ?, state = ? WHERE id = ?", handedOut, state, id); err != nil {
		return err
	}
	return tx.Commit()
}
