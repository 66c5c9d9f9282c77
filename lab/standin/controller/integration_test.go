package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const deployments = "/apis/apps/v1/namespaces/" + testNS + "/deployments"

type object = map[string]any

func values(host string) object {
	return object{"global": object{"host": host, "mysql": object{"host": "db"}, "redis": object{"host": "r"}, "bucket": object{"name": "s3:9000", "path": "b"}, "api": object{"enabled": true}},
		"ingress": object{"class": "traefik"}}
}

func (c *cluster) patchSpec(spec object) {
	c.must("PATCH", crPath(testNS, "wandb"), object{"spec": spec}, nil)
}

// TestController walks one object through its life against a real API server, with the RBAC of the chart.
func TestController(t *testing.T) {
	c := newCluster(t)
	charts := filepath.Join(c.dir, "charts")
	c.runHelm("package", "../charts/operator-wandb", "--destination", charts)
	tgz := filepath.Join(charts, "operator-wandb-0.43.8-standin.tgz")
	c.runHelm("install", "operator", "../charts/operator", "-n", "wandb-cr", "--create-namespace")
	c.waitFor("CRD", func() error { return c.admin.do(t.Context(), "GET", crPath(testNS, ""), "", nil, nil) })
	process := c.operator("RESYNC=1h")

	c.must("POST", crPath(testNS, ""), object{"apiVersion": "apps.wandb.com/v1", "kind": "WeightsAndBiases", "metadata": object{"name": "wandb"},
		"spec": object{"chart": object{"path": tgz}, "values": values("https://one.example.com")}}, nil)
	if got := c.waitStatus(phaseDone); got.Version != "0.43.8-standin" || got.Message != "" {
		t.Fatalf("%+v", got)
	}
	for _, name := range []string{"wandb-app-bc", "wandb-api", "wandb-console-bc", "wandb-parquet-bc", "wandb-weave-bc"} {
		if !c.exists(deployments + "/" + name) {
			t.Errorf("Deployment %s is missing", name)
		}
	}
	if releases := c.runHelm("list", "-n", testNS, "-q"); strings.TrimSpace(releases) != "wandb" {
		t.Errorf("releases: %q", releases)
	}

	t.Run("a misspelt key lands in the status and tears nothing down", func(t *testing.T) {
		c.patchSpec(object{"values": object{"global": object{"hsot": "x"}}})
		got := c.waitStatus(phaseInvalid)
		if !strings.Contains(got.Message, "additional properties 'hsot' not allowed") || got.Version != "0.43.8-standin" || !c.exists(deployments+"/wandb-api") {
			t.Fatalf("%+v", got)
		}
		c.patchSpec(object{"values": object{"global": object{"hsot": nil, "host": "https://two.example.com"}}})
		if got := c.waitStatus(phaseDone); got.Message != "" {
			t.Fatalf("%+v", got)
		}
		var ingress struct {
			Spec struct{ Rules []struct{ Host string } }
		}
		c.must("GET", "/apis/networking.k8s.io/v1/namespaces/"+testNS+"/ingresses/wandb", nil, &ingress)
		if len(ingress.Spec.Rules) != 1 || ingress.Spec.Rules[0].Host != "two.example.com" {
			t.Fatalf("%+v", ingress)
		}
	})

	t.Run("nothing to do makes no revision", func(t *testing.T) {
		before := c.runHelm("history", "wandb", "-n", testNS)
		c.must("PATCH", crPath(testNS, "wandb"), object{"metadata": object{"labels": object{"touched": "yes"}}}, nil)
		time.Sleep(2 * time.Second)
		if after := c.runHelm("history", "wandb", "-n", testNS); after != before {
			t.Fatalf("before:\n%safter:\n%s", before, after)
		}
	})

	t.Run("generated secrets keep their values", func(t *testing.T) {
		read := func() string {
			var s struct{ Data map[string]string }
			c.must("GET", secretPath(testNS, "wandb-password"), nil, &s)
			return s.Data["password"]
		}
		before := read()
		c.patchSpec(object{"values": object{"console": object{"replicaCount": 2}}})
		c.waitStatus(phaseDone)
		if after := read(); before == "" || after != before {
			t.Fatalf("%q became %q", before, after)
		}
	})

	t.Run("chart repository with a password", func(t *testing.T) { testRepository(t, c, charts) })
	t.Run("ConfigMap form: base64 of the chart", func(t *testing.T) {
		raw, err := os.ReadFile(tgz)
		if err != nil {
			t.Fatal(err)
		}
		c.write("operator-wandb", base64.StdEncoding.EncodeToString(raw))
		c.patchSpec(object{"chart": object{"path": c.dir + "/operator-wandb", "url": nil, "name": nil, "version": nil, "credentialSecret": nil}})
		c.waitStatus(phaseDone)
	})
	t.Run("no chart", func(t *testing.T) {
		c.patchSpec(object{"chart": nil})
		if got := c.waitStatus(phaseInvalid); !strings.Contains(got.Message, "spec.chart is empty") {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("killed in the middle", func(t *testing.T) { testKilled(t, c, process.Process.Pid, tgz) })

	t.Run("ten revisions at most", func(t *testing.T) {
		for i := range 10 {
			c.patchSpec(object{"values": object{"console": object{"replicaCount": i%3 + 1}}})
			c.waitStatus(phaseDone)
		}
		var history []any
		if err := json.Unmarshal([]byte(c.runHelm("history", "wandb", "-n", testNS, "-o", "json", "--max", "100")), &history); err != nil || len(history) != 10 {
			t.Fatal(len(history), err)
		}
	})

	t.Run("deleting the object uninstalls the release", func(t *testing.T) {
		var x instance
		c.must("GET", crPath(testNS, "wandb"), nil, &x)
		if len(x.Metadata.Finalizers) != 1 || x.Metadata.Finalizers[0] != finalizer {
			t.Fatal(x.Metadata.Finalizers)
		}
		c.must("DELETE", crPath(testNS, "wandb"), nil, nil)
		c.waitFor("object gone", func() error {
			if c.exists(crPath(testNS, "wandb")) {
				return os.ErrExist
			}
			return nil
		})
		var left struct{ Items []any }
		c.must("GET", deployments, nil, &left)
		if len(left.Items) != 0 || c.exists(secretPath(testNS, "wandb-spec-active")) || strings.TrimSpace(c.runHelm("list", "-a", "-n", testNS, "-q")) != "" {
			t.Fatalf("%d Deployments left", len(left.Items))
		}
	})
}

func testRepository(t *testing.T, c *cluster, charts string) {
	files := http.FileServer(http.Dir(charts))
	repo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer repo.Close()
	c.runHelm("repo", "index", charts)
	chart := object{"path": nil, "url": repo.URL, "name": "operator-wandb", "version": "0.43.8-standin"}
	c.patchSpec(object{"chart": chart})
	if got := c.waitStatus(phaseInvalid); !strings.Contains(got.Message, "401") {
		t.Fatalf("without password: %+v", got)
	}
	c.must("POST", "/api/v1/namespaces/"+testNS+"/secrets", object{"metadata": object{"name": "repo"}, "stringData": object{"HELM_USERNAME": "u", "HELM_PASSWORD": "p"}}, nil)
	chart["credentialSecret"] = object{"name": "repo"}
	chart["version"] = "9.9.9"
	c.patchSpec(object{"chart": chart})
	if got := c.waitStatus(phaseInvalid); !strings.Contains(got.Message, "9.9.9") {
		t.Fatalf("unknown version: %+v", got)
	}
	chart["version"] = "0.43.8-standin"
	c.patchSpec(object{"chart": chart})
	c.waitStatus(phaseDone)
}

// testKilled kills the controller while helm waits for a hook that never ends (no kubelet runs it), then starts it again.
func testKilled(t *testing.T, c *cluster, pid int, tgz string) {
	c.write("hang/Chart.yaml", "apiVersion: v2\nname: hang\nversion: 1.0.0\n")
	c.write("hang/templates/job.yaml", `apiVersion: batch/v1
kind: Job
metadata: {name: never, annotations: {helm.sh/hook: pre-upgrade}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: x, image: x}]}}}
`)
	c.runHelm("package", c.dir+"/hang", "--destination", c.dir)
	c.patchSpec(object{"chart": object{"path": c.dir + "/hang-1.0.0.tgz"}})
	c.waitFor("hook", func() error {
		return c.admin.do(t.Context(), "GET", "/apis/batch/v1/namespaces/"+testNS+"/jobs/never", "", nil, nil)
	})
	if got := c.status(); got.Phase != phaseApplying {
		t.Fatalf("%+v", got)
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil { // helm, too
		t.Fatal(err)
	}
	if history := c.runHelm("history", "wandb", "-n", testNS); !strings.Contains(history, "pending-upgrade") {
		t.Fatalf("helm was not in the middle:\n%s", history)
	}
	c.patchSpec(object{"chart": object{"path": tgz}})
	c.operator("AIRGAPPED=true")
	c.waitStatus(phaseDone)

	// Air-gapped: what the object leaves out keeps its last value, the chart included.
	c.patchSpec(object{"chart": nil, "values": object{"console": nil}})
	c.waitStatus(phaseDone)
	var console struct{ Spec struct{ Replicas int } }
	c.must("GET", deployments+"/wandb-console-bc", nil, &console)
	if console.Spec.Replicas != 2 {
		t.Fatalf("%+v", console)
	}
}
