package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	finalizer     = "finalizer.app.wandb.com"
	phaseLoading  = "Loading"
	phaseApplying = "Applying"
	phaseInvalid  = "Invalid Config"
	phaseDone     = "Completed"
)

type instance struct {
	Metadata struct {
		Name              string     `json:"name"`
		Namespace         string     `json:"namespace"`
		UID               string     `json:"uid"`
		Generation        int64      `json:"generation"`
		ResourceVersion   string     `json:"resourceVersion"`
		Finalizers        []string   `json:"finalizers"`
		DeletionTimestamp *time.Time `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec struct {
		Chart  json.RawMessage `json:"chart"`
		Values json.RawMessage `json:"values"`
	} `json:"spec"`
	Status status `json:"status"`
}

// status: phase and version as the real operator; message and observedGeneration are additions of the stand-in.
type status struct {
	Phase              string `json:"phase"`
	Version            string `json:"version"`
	Message            string `json:"message"`
	ObservedGeneration int64  `json:"observedGeneration"`
}

func (x instance) key() string { return x.Metadata.Namespace + "/" + x.Metadata.Name }

// reconcile brings the release in line with the object. gone says that there is nothing left to do for it.
func (c *controller) reconcile(ctx context.Context, key string) (gone bool, err error) {
	ns, name, _ := strings.Cut(key, "/")
	var x instance
	err = c.api.do(ctx, http.MethodGet, crPath(ns, name), "", nil, &x)
	if isStatus(err, http.StatusNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if x.Metadata.DeletionTimestamp != nil {
		return c.remove(ctx, &x)
	}
	if !slices.Contains(x.Metadata.Finalizers, finalizer) {
		if err := c.setFinalizers(ctx, &x, append(x.Metadata.Finalizers, finalizer)); err != nil {
			return false, err
		}
	}
	active := c.active(ctx, &x)
	if active.hash == specHash(&x) && x.Status.Phase == phaseDone && x.Status.ObservedGeneration == x.Metadata.Generation && time.Since(active.at) < c.resync {
		return false, nil
	}
	return false, c.apply(ctx, &x, active)
}

// apply: Loading, Applying, Completed; on an error Invalid Config with the reason. Nothing is torn down by an error.
func (c *controller) apply(ctx context.Context, x *instance, active activeSpec) error {
	// A retry of the same spec keeps its phase until it succeeds, so that a reader does not see it flicker.
	retry := x.Status.Phase == phaseInvalid && x.Status.ObservedGeneration == x.Metadata.Generation
	phase := func(p string) error {
		if retry {
			return nil
		}
		return c.setStatus(ctx, x, status{Phase: p, Version: x.Status.Version, ObservedGeneration: x.Metadata.Generation})
	}
	if err := phase(phaseLoading); err != nil {
		return err
	}
	chart := x.Spec.Chart
	if c.airgapped && emptyJSON(chart) {
		chart = active.chart
	}
	spec, err := parseChart(chart)
	if err != nil {
		return c.invalid(ctx, x, err)
	}
	if err := c.credentials(ctx, x.Metadata.Namespace, spec); err != nil {
		return c.invalid(ctx, x, err)
	}
	values, err := valuesObject(x.Spec.Values)
	if err != nil {
		return c.invalid(ctx, x, err)
	}
	if c.airgapped && len(active.values) > 0 {
		if values, err = overlayJSON(active.values, values); err != nil {
			return c.invalid(ctx, x, err)
		}
	}
	loaded, cleanup, err := c.helm.load(ctx, spec)
	defer cleanup()
	if err != nil {
		return c.invalid(ctx, x, err)
	}
	if err := phase(phaseApplying); err != nil {
		return err
	}
	if err := c.unlock(ctx, x); err != nil {
		return err
	}
	start := time.Now()
	if err := c.helm.upgrade(ctx, x.Metadata.Namespace, x.Metadata.Name, loaded, values); err != nil {
		return c.invalid(ctx, x, err)
	}
	if err := c.saveActive(ctx, x, chart, values); err != nil {
		return err
	}
	log.Printf("%s: chart %s %s applied in %s", x.key(), loaded.name, loaded.version, time.Since(start).Round(100*time.Millisecond))
	return c.setStatus(ctx, x, status{Phase: phaseDone, Version: loaded.version, ObservedGeneration: x.Metadata.Generation})
}

func (c *controller) invalid(ctx context.Context, x *instance, cause error) error {
	if ctx.Err() != nil {
		return cause // this process is being stopped; that says nothing about the spec
	}
	s := status{Phase: phaseInvalid, Version: x.Status.Version, Message: limit(cause.Error(), 4000), ObservedGeneration: x.Metadata.Generation}
	if s != x.Status {
		c.event(ctx, x, "InvalidConfig", s.Message)
		if err := c.setStatus(ctx, x, s); err != nil {
			return errors.Join(cause, err)
		}
	}
	return cause
}

func limit(s string, n int) string {
	if len(s) > n {
		return s[:n] + " …"
	}
	return s
}

func (c *controller) setStatus(ctx context.Context, x *instance, s status) error {
	x.Status = s
	return c.api.do(ctx, http.MethodPatch, crPath(x.Metadata.Namespace, x.Metadata.Name)+"/status", mergePatch, map[string]any{"status": s}, nil)
}

func (c *controller) setFinalizers(ctx context.Context, x *instance, list []string) error {
	patch := map[string]any{"metadata": map[string]any{"finalizers": list, "resourceVersion": x.Metadata.ResourceVersion}}
	var out instance
	if err := c.api.do(ctx, http.MethodPatch, crPath(x.Metadata.Namespace, x.Metadata.Name), mergePatch, patch, &out); err != nil {
		return err
	}
	x.Metadata = out.Metadata
	return nil
}

// remove uninstalls the release before the object may go.
func (c *controller) remove(ctx context.Context, x *instance) (bool, error) {
	if !slices.Contains(x.Metadata.Finalizers, finalizer) {
		return true, nil
	}
	log.Printf("%s: is being deleted, uninstalling its release", x.key())
	if err := c.helm.uninstall(ctx, x.Metadata.Namespace, x.Metadata.Name); err != nil {
		c.event(ctx, x, "UninstallFailed", limit(err.Error(), 1000))
		return false, err
	}
	err := c.api.do(ctx, http.MethodDelete, secretPath(x.Metadata.Namespace, x.Metadata.Name+"-spec-active"), "", nil, nil)
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return false, err
	}
	rest := slices.DeleteFunc(slices.Clone(x.Metadata.Finalizers), func(f string) bool { return f == finalizer })
	err = c.setFinalizers(ctx, x, rest)
	if isStatus(err, http.StatusNotFound) {
		err = nil
	}
	return err == nil, err
}
