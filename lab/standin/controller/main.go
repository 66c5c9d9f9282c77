// The lab's stand-in for the W&B operator v1: it installs the chart named in spec.chart of each
// WeightsAndBiases object as a Helm release of the same name, and keeps status.phase.
// It speaks plain HTTP to the API server and runs the helm binary of its image.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// version is set by build.sh; it always carries the suffix -standin.
var version = "dev-standin"

type controller struct {
	api    *apiClient
	helm   helmRunner
	queue  *queue
	synced atomic.Int64 // unix time of the last list or event
	resync time.Duration

	airgapped bool
}

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	api, err := newAPIClient(or(os.Getenv("SERVICE_ACCOUNT_DIR"), "/var/run/secrets/kubernetes.io/serviceaccount"))
	if err != nil {
		log.Fatal(err)
	}
	c := &controller{api: api, helm: helmRunner{bin: or(os.Getenv("HELM_BIN"), "/usr/local/bin/helm"), work: os.TempDir()}, queue: newQueue(), resync: time.Hour,
		airgapped: os.Getenv("AIRGAPPED") == "true"}
	if d, err := time.ParseDuration(os.Getenv("RESYNC")); err == nil {
		c.resync = d
	}
	log.Printf("stand-in controller %s, airgapped=%t", version, c.airgapped)
	go c.serveHealth(or(os.Getenv("HEALTH_LISTEN"), ":8081"))
	for _, ns := range watchedNamespaces(os.Getenv("ISOLATION_NAMESPACES")) {
		go c.watch(ctx, ns)
	}
	c.run(ctx)
}

// watchedNamespaces: "" stands for all.
func watchedNamespaces(isolation string) []string {
	var list []string
	for _, ns := range strings.Split(isolation, ",") {
		if ns = strings.TrimSpace(ns); ns != "" {
			list = append(list, ns)
		}
	}
	if list == nil {
		return []string{""}
	}
	return list
}

func (c *controller) serveHealth(addr string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if time.Since(time.Unix(c.synced.Load(), 0)) > 6*time.Minute { // a watch lives for 5
			http.Error(w, "the WeightsAndBiases objects could not be listed: see the log", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	srv := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(srv.ListenAndServe())
}

// watch lists, then follows the events; it starts over when the watch ends or breaks.
func (c *controller) watch(ctx context.Context, ns string) {
	trouble := ""
	for ctx.Err() == nil {
		err := c.listAndWatch(ctx, ns)
		if err != nil && ctx.Err() == nil {
			if err.Error() != trouble {
				trouble = err.Error()
				log.Printf("watch: %v", err)
			}
			pause(ctx, 2*time.Second)
			continue
		}
		trouble = ""
	}
}

func (c *controller) listAndWatch(ctx context.Context, ns string) error {
	var list struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
		Items []instance `json:"items"`
	}
	if err := c.api.do(ctx, http.MethodGet, crPath(ns, ""), "", nil, &list); err != nil {
		return err
	}
	c.synced.Store(time.Now().Unix())
	for _, x := range list.Items {
		c.queue.add(x.key(), 0)
	}
	return c.api.watch(ctx, crPath(ns, "")+"?watch=true&timeoutSeconds=300&resourceVersion="+list.Metadata.ResourceVersion, func(line []byte) error {
		var event struct {
			Type   string   `json:"type"`
			Object instance `json:"object"`
		}
		if err := json.Unmarshal(line, &event); err != nil {
			return err
		}
		if event.Type == "ERROR" {
			return errors.New("the API server ended the watch; listing again")
		}
		c.synced.Store(time.Now().Unix())
		c.queue.add(event.Object.key(), 0)
		return nil
	})
}

// run reconciles one object after the other; a failed one comes back later and later, up to 2 minutes.
func (c *controller) run(ctx context.Context) {
	failures := map[string]int{}
	for {
		key, ok := c.queue.next(ctx)
		if !ok {
			return
		}
		gone, err := c.reconcile(ctx, key)
		switch {
		case gone:
			delete(failures, key)
		case err != nil:
			failures[key]++
			wait := min(5*time.Second<<min(failures[key]-1, 5), 2*time.Minute)
			log.Printf("%s: %v; next try in %s", key, err, wait)
			c.queue.add(key, wait)
		default:
			delete(failures, key)
			c.queue.add(key, c.resync)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
