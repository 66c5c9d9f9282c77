package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// chartSpec is spec.chart in one of its three forms: path, oci:// url, or chart repository.
type chartSpec struct {
	Path      string `json:"path"`
	URL       string `json:"url"`
	Name      string `json:"name"`
	Version   string `json:"version"`
	RepoName  string `json:"repoName"`
	PlainHTTP bool   `json:"plainHTTP"`
	Debug     bool   `json:"debug"`
	Username  string `json:"username"`
	Password  string `json:"password"`

	CredentialSecret struct {
		Name        string `json:"name"`
		UsernameKey string `json:"usernameKey"`
		PasswordKey string `json:"passwordKey"`
	} `json:"credentialSecret"`
}

func (s *chartSpec) oci() bool { return strings.HasPrefix(s.URL, "oci://") }

func emptyJSON(raw json.RawMessage) bool {
	return len(raw) == 0 || string(raw) == "null" || string(raw) == "{}"
}

func parseChart(raw json.RawMessage) (*chartSpec, error) {
	if emptyJSON(raw) {
		return nil, errors.New("spec.chart is empty; expected path, or url (and name) and version: the stand-in never asks a deployer channel")
	}
	s := &chartSpec{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("spec.chart: %w", err)
	}
	switch {
	case s.Path != "":
		return s, nil
	case s.URL == "":
		return nil, errors.New("spec.chart has neither path nor url")
	case s.oci() && s.Name != "":
		return nil, errors.New("spec.chart.name is set beside an oci:// url; the url names the chart already")
	case s.oci() && s.Version == "":
		return nil, errors.New("spec.chart.version is empty; it is mandatory with an oci:// url")
	case !s.oci() && s.Name == "":
		return nil, errors.New("spec.chart.name is empty; a chart repository needs it")
	}
	return s, nil
}

// credentials resolves spec.chart.credentialSecret.
func (c *controller) credentials(ctx context.Context, ns string, s *chartSpec) error {
	ref := s.CredentialSecret
	if ref.Name == "" {
		return nil
	}
	var secret struct {
		Data map[string][]byte `json:"data"`
	}
	if err := c.api.do(ctx, http.MethodGet, secretPath(ns, ref.Name), "", nil, &secret); err != nil {
		return fmt.Errorf("spec.chart.credentialSecret: %w", err)
	}
	for key, into := range map[string]*string{or(ref.UsernameKey, "HELM_USERNAME"): &s.Username, or(ref.PasswordKey, "HELM_PASSWORD"): &s.Password} {
		value, ok := secret.Data[key]
		if !ok {
			return fmt.Errorf("spec.chart.credentialSecret: Secret %s/%s has no key %s", ns, ref.Name, key)
		}
		*into = string(value)
	}
	return nil
}

func valuesObject(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return json.RawMessage("{}"), nil
	}
	if raw = bytes.TrimSpace(raw); raw[0] != '{' {
		return nil, errors.New("spec.values is not a map")
	}
	return raw, nil
}

func specHash(x *instance) string {
	sum := sha256.Sum256(bytes.Join([][]byte{x.Spec.Chart, x.Spec.Values}, []byte{0}))
	return hex.EncodeToString(sum[:])
}

// activeSpec is what was applied last: Secret <cr>-spec-active.
type activeSpec struct {
	hash   string
	at     time.Time
	chart  json.RawMessage
	values json.RawMessage
}

// overlay lays an object's values over the active ones: an air-gapped operator takes the active spec as its base,
// so that a key which is left out keeps its last value. Lists are replaced, null is a value.
func overlay(base, top any) any {
	b, ok1 := base.(map[string]any)
	t, ok2 := top.(map[string]any)
	if !ok1 || !ok2 {
		return top
	}
	out := maps.Clone(b)
	for k, v := range t {
		if old, ok := out[k]; ok {
			v = overlay(old, v)
		}
		out[k] = v
	}
	return out
}

func overlayJSON(base, top json.RawMessage) (json.RawMessage, error) {
	var both [2]any
	for i, raw := range []json.RawMessage{base, top} {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber() // a long number keeps its digits
		if err := dec.Decode(&both[i]); err != nil {
			return nil, err
		}
	}
	return json.Marshal(overlay(both[0], both[1]))
}

const (
	hashNote = "standin.lab.invalid/spec-hash"
	timeNote = "standin.lab.invalid/applied-at"
)

// active reads what was applied last; an unreadable record only means applying once more.
func (c *controller) active(ctx context.Context, x *instance) activeSpec {
	var secret struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
		Data struct {
			Chart  []byte `json:"chart"`
			Values []byte `json:"values"`
		} `json:"data"`
	}
	if err := c.api.do(ctx, http.MethodGet, secretPath(x.Metadata.Namespace, x.Metadata.Name+"-spec-active"), "", nil, &secret); err != nil {
		return activeSpec{}
	}
	at, _ := time.Parse(time.RFC3339, secret.Metadata.Annotations[timeNote])
	return activeSpec{secret.Metadata.Annotations[hashNote], at, secret.Data.Chart, secret.Data.Values}
}

// saveActive writes Secret <cr>-spec-active, as the real operator does.
func (c *controller) saveActive(ctx context.Context, x *instance, chart, values json.RawMessage) error {
	name := x.Metadata.Name + "-spec-active"
	return c.api.do(ctx, http.MethodPatch, secretPath(x.Metadata.Namespace, name)+"?fieldManager=wandb-controller&force=true", applyPatch, map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
		"metadata": map[string]any{"name": name, "annotations": map[string]string{hashNote: specHash(x), timeNote: time.Now().UTC().Format(time.RFC3339)}},
		"data":     map[string]string{"chart": base64.StdEncoding.EncodeToString(chart), "values": base64.StdEncoding.EncodeToString(values)},
	}, nil)
}
