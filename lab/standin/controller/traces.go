package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// unlock removes the record of a Helm operation that a killed controller left behind; only one controller runs,
// so nobody else can be at work. Without this Helm refuses for ever: "another operation is in progress".
func (c *controller) unlock(ctx context.Context, x *instance) error {
	var list struct {
		Items []struct {
			Metadata struct {
				Name   string            `json:"name"`
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
		} `json:"items"`
	}
	ns := x.Metadata.Namespace
	path := "/api/v1/namespaces/" + url.PathEscape(ns) + "/secrets?labelSelector=" + url.QueryEscape("owner=helm,name="+x.Metadata.Name)
	if err := c.api.do(ctx, http.MethodGet, path, "", nil, &list); err != nil {
		return err
	}
	for _, s := range list.Items {
		if !strings.HasPrefix(s.Metadata.Labels["status"], "pending-") {
			continue
		}
		log.Printf("%s: revision %s is %s from an interrupted run: removing its record", x.key(), s.Metadata.Labels["version"], s.Metadata.Labels["status"])
		if err := c.api.do(ctx, http.MethodDelete, secretPath(ns, s.Metadata.Name), "", nil, nil); err != nil && !isStatus(err, http.StatusNotFound) {
			return err
		}
	}
	return nil
}

// event is for kubectl describe; losing one does no harm.
func (c *controller) event(ctx context.Context, x *instance, reason, message string) {
	now := time.Now().UTC().Format(time.RFC3339)
	ns := x.Metadata.Namespace
	err := c.api.do(ctx, http.MethodPost, "/api/v1/namespaces/"+url.PathEscape(ns)+"/events", plainJSON, map[string]any{
		"metadata":       map[string]any{"name": fmt.Sprintf("%s.%x", x.Metadata.Name, time.Now().UnixNano()), "namespace": ns},
		"involvedObject": map[string]any{"apiVersion": "apps.wandb.com/v1", "kind": "WeightsAndBiases", "name": x.Metadata.Name, "namespace": ns, "uid": x.Metadata.UID},
		"type":           "Warning", "reason": reason, "message": limit(message, 1000), "source": map[string]any{"component": "wandb-controller-manager"},
		"firstTimestamp": now, "lastTimestamp": now, "count": 1}, nil)
	if err != nil {
		log.Printf("%s: event not written: %v", x.key(), err)
	}
}
