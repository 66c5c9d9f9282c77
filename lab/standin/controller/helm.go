package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const helmTimeout = 10 * time.Minute // as the real operator: 600 s

type helmRunner struct {
	bin  string
	work string
}

type loadedChart struct{ file, name, version string }

// run gives helm a directory of its own; secrets go there by file, never by argument.
func (h helmRunner) run(ctx context.Context, dir string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, helmTimeout+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, h.bin, args...)
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+dir+"/cache", "HELM_CONFIG_HOME="+dir+"/config", "HELM_DATA_HOME="+dir+"/data")
	// A pod that is stopped lets helm finish its own clean-up: ask first, kill later.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(errOut.String())
		if said == "" {
			said = err.Error()
		}
		return out.String(), fmt.Errorf("helm %s: %s", args[0], strings.TrimPrefix(said, "Error: "))
	}
	return out.String(), nil
}

// load brings the chart to a local .tgz. cleanup is never nil.
func (h helmRunner) load(ctx context.Context, s *chartSpec) (*loadedChart, func(), error) {
	dir, err := os.MkdirTemp(h.work, "chart-")
	if err != nil {
		return nil, func() {}, err
	}
	cleanup := func() { os.RemoveAll(dir) }
	file := filepath.Join(dir, "chart.tgz")
	switch {
	case s.Path != "":
		err = unpackPath(s.Path, file)
	case s.oci():
		err = h.pullOCI(ctx, s, dir, file)
	default:
		err = h.pullRepo(ctx, s, dir, file)
	}
	if err != nil {
		return nil, cleanup, err
	}
	shown, err := h.run(ctx, dir, "show", "chart", file)
	if err != nil {
		return nil, cleanup, fmt.Errorf("spec.chart: %w", err)
	}
	return &loadedChart{file, topLevel(shown, "name"), topLevel(shown, "version")}, cleanup, nil
}

// topLevel reads one plain scalar of helm's own, regular YAML.
func topLevel(yaml, key string) string {
	for _, line := range strings.Split(yaml, "\n") {
		if v, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return ""
}

// unpackPath takes a .tgz, or a file with its base64 (a key of ConfigMap wandb-charts). Like the real
// operator it takes no directory.
func unpackPath(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("spec.chart.path: %w", err)
	}
	if info.IsDir() {
		return fmt.Errorf("spec.chart.path: %s is a directory; expected a .tgz, or a file with the base64 of one", from)
	}
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		raw, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(raw)), ""))
		if err != nil || !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
			return fmt.Errorf("spec.chart.path: %s is neither a .tgz nor the base64 of one", from)
		}
	}
	return os.WriteFile(to, raw, 0o600)
}

// pullRepo keeps user and password in repositories.yaml (JSON is YAML).
func (h helmRunner) pullRepo(ctx context.Context, s *chartSpec, dir, file string) error {
	config := map[string]any{"apiVersion": "", "repositories": []map[string]any{{"name": "repo", "url": s.URL, "username": s.Username, "password": s.Password}}}
	if err := writeJSONFile(filepath.Join(dir, "config", "repositories.yaml"), config); err != nil {
		return err
	}
	// The reason of a failed update is in the ordinary output.
	if out, err := h.run(ctx, dir, "repo", "update", "repo", "--fail-on-repo-update-fail"); err != nil {
		return fmt.Errorf("spec.chart.url %s: %w: %s", s.URL, err, strings.Join(strings.Fields(out), " "))
	}
	args := []string{"pull", "repo/" + s.Name, "--destination", filepath.Join(dir, "pulled")}
	if s.Version != "" {
		args = append(args, "--version", s.Version)
	}
	return h.pull(ctx, dir, file, args)
}

// pullOCI keeps user and password in helm's registry configuration.
func (h helmRunner) pullOCI(ctx context.Context, s *chartSpec, dir, file string) error {
	if s.Username != "" {
		u, err := url.Parse(s.URL)
		if err != nil {
			return fmt.Errorf("spec.chart.url: %w", err)
		}
		auth := base64.StdEncoding.EncodeToString([]byte(s.Username + ":" + s.Password))
		config := map[string]any{"auths": map[string]any{u.Host: map[string]string{"auth": auth}}}
		if err := writeJSONFile(filepath.Join(dir, "config", "registry", "config.json"), config); err != nil {
			return err
		}
	}
	args := []string{"pull", s.URL, "--version", s.Version, "--destination", filepath.Join(dir, "pulled")}
	if s.PlainHTTP {
		args = append(args, "--plain-http")
	}
	return h.pull(ctx, dir, file, args)
}

func (h helmRunner) pull(ctx context.Context, dir, file string, args []string) error {
	if err := os.MkdirAll(filepath.Join(dir, "pulled"), 0o700); err != nil {
		return err
	}
	if _, err := h.run(ctx, dir, args...); err != nil {
		return fmt.Errorf("spec.chart: %w", err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "pulled", "*.tgz"))
	if err != nil || len(found) != 1 {
		return errors.New("helm pull left no chart behind")
	}
	return os.Rename(found[0], file)
}

func writeJSONFile(file string, v any) error {
	if err := os.MkdirAll(path.Dir(file), 0o700); err != nil {
		return err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o600)
}

// upgrade waits for hooks only, not for pods.
func (h helmRunner) upgrade(ctx context.Context, ns, release string, c *loadedChart, values json.RawMessage) error {
	dir := filepath.Dir(c.file)
	file := filepath.Join(dir, "values.json")
	if err := os.WriteFile(file, values, 0o600); err != nil {
		return err
	}
	_, err := h.run(ctx, dir, "upgrade", release, c.file, "--install", "--namespace", ns, "--values", file, "--history-max", "10", "--timeout", helmTimeout.String())
	return err
}

func (h helmRunner) uninstall(ctx context.Context, ns, release string) error {
	dir, err := os.MkdirTemp(h.work, "uninstall-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	_, err = h.run(ctx, dir, "uninstall", release, "--namespace", ns, "--ignore-not-found", "--wait", "--timeout", helmTimeout.String())
	return err
}
