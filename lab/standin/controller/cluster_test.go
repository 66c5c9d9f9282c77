package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// cluster is a real API server and etcd on the loopback; no kubelet, so no pod ever runs.
type cluster struct {
	t         *testing.T
	dir, port string
	admin     *apiClient
	helm      string
}

const testNS = "wandb"

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// newCluster needs STANDIN_PROGRAMS, a directory with etcd, kube-apiserver and helm.
func newCluster(t *testing.T) *cluster {
	programs := os.Getenv("STANDIN_PROGRAMS")
	if programs == "" {
		t.Skip("STANDIN_PROGRAMS is not set: no directory with etcd, kube-apiserver and helm")
	}
	c := &cluster{t: t, dir: t.TempDir(), port: freePort(t), helm: filepath.Join(programs, "helm")}
	client, peer := freePort(t), freePort(t)
	c.start(filepath.Join(programs, "etcd"), "--data-dir", c.dir+"/etcd", "--listen-client-urls", "http://127.0.0.1:"+client, "--advertise-client-urls", "http://127.0.0.1:"+client,
		"--listen-peer-urls", "http://127.0.0.1:"+peer, "--initial-advertise-peer-urls", "http://127.0.0.1:"+peer, "--initial-cluster", "default=http://127.0.0.1:"+peer, "--unsafe-no-fsync", "--log-level", "error")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c.write("sa.key", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	c.write("tokens", "admintoken,admin,1,system:masters\n")
	c.write("admin/token", "admintoken")
	c.start(filepath.Join(programs, "kube-apiserver"), "--etcd-servers", "http://127.0.0.1:"+client, "--bind-address", "127.0.0.1", "--secure-port", c.port, "--cert-dir", c.dir+"/certs",
		"--token-auth-file", c.dir+"/tokens", "--authorization-mode", "RBAC", "--service-account-issuer", "https://lab.invalid", "--service-account-key-file", c.dir+"/sa.key",
		"--service-account-signing-key-file", c.dir+"/sa.key", "--service-cluster-ip-range", "10.0.0.0/24", "--disable-admission-plugins", "ServiceAccount")
	c.waitFor("API server's certificate", func() error {
		cert, err := os.ReadFile(c.dir + "/certs/apiserver.crt")
		if err == nil {
			c.write("admin/ca.crt", string(cert))
		}
		return err
	})
	t.Setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
	t.Setenv("KUBERNETES_SERVICE_PORT", c.port)
	if c.admin, err = newAPIClient(c.dir + "/admin"); err != nil {
		t.Fatal(err)
	}
	c.waitFor("API server", func() error { return c.admin.do(context.Background(), "GET", "/readyz?verbose", "", nil, nil) })
	c.must("POST", "/api/v1/namespaces", map[string]any{"metadata": map[string]any{"name": testNS}}, nil)
	return c
}

func (c *cluster) write(name, text string) {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(c.dir, name)), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// start runs a program in a process group of its own; its output shows only when the test fails.
func (c *cluster) start(bin string, args ...string) *exec.Cmd {
	c.t.Helper()
	cmd := exec.Command(bin, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return c.startCmd(cmd, &out)
}

func (c *cluster) startCmd(cmd *exec.Cmd, out *bytes.Buffer) *exec.Cmd {
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if c.t.Failed() {
			tail := out.Bytes()
			c.t.Logf("%s said:\n%s", filepath.Base(cmd.Path), tail[max(0, len(tail)-4000):])
		}
	})
	return cmd
}

func (c *cluster) waitFor(what string, f func() error) {
	c.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: after 60 s still %v", what, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *cluster) must(method, path string, body, into any) {
	c.t.Helper()
	contentType := plainJSON
	if method == "PATCH" {
		contentType = mergePatch
	}
	if err := c.admin.do(context.Background(), method, path, contentType, body, into); err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
}

func (c *cluster) exists(path string) bool {
	err := c.admin.do(context.Background(), http.MethodGet, path, "", nil, nil)
	if err != nil && !isStatus(err, 404) {
		c.t.Fatal(err)
	}
	return err == nil
}

func (c *cluster) kubeconfig(account string) string {
	token, _ := os.ReadFile(filepath.Join(c.dir, account, "token"))
	raw, _ := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Config", "current-context": "x",
		"clusters": []any{map[string]any{"name": "x", "cluster": map[string]any{"server": "https://127.0.0.1:" + c.port, "certificate-authority": c.dir + "/admin/ca.crt"}}},
		"contexts": []any{map[string]any{"name": "x", "context": map[string]any{"cluster": "x", "user": "x", "namespace": testNS}}},
		"users":    []any{map[string]any{"name": "x", "user": map[string]any{"token": string(token)}}}})
	c.write(account+"/kubeconfig", string(raw))
	return filepath.Join(c.dir, account, "kubeconfig")
}

func (c *cluster) runHelm(args ...string) string {
	c.t.Helper()
	cmd := exec.Command(c.helm, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig("admin"), "HELM_CACHE_HOME="+c.dir+"/h1", "HELM_CONFIG_HOME="+c.dir+"/h2", "HELM_DATA_HOME="+c.dir+"/h3")
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("helm %v: %s", args, out)
	}
	return string(out)
}

// operator starts the controller's program with the rights that the operator chart gives its service account.
func (c *cluster) operator(extra ...string) *exec.Cmd {
	c.t.Helper()
	bin := filepath.Join(c.dir, "controller")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		c.t.Fatalf("%s", out)
	}
	var token struct {
		Status struct {
			Token string `json:"token"`
		} `json:"status"`
	}
	c.must("POST", "/api/v1/namespaces/wandb-cr/serviceaccounts/wandb-manager/token", map[string]any{"spec": map[string]any{"expirationSeconds": 3600}}, &token)
	c.write("operator/token", token.Status.Token)
	ca, _ := os.ReadFile(c.dir + "/admin/ca.crt")
	c.write("operator/ca.crt", string(ca))
	cmd := exec.Command(bin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = append(os.Environ(), "SERVICE_ACCOUNT_DIR="+c.dir+"/operator", "KUBECONFIG="+c.kubeconfig("operator"), "HELM_BIN="+c.helm, "HEALTH_LISTEN=127.0.0.1:"+freePort(c.t), "TMPDIR="+c.t.TempDir())
	cmd.Env = append(cmd.Env, extra...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return c.startCmd(cmd, &out)
}

func (c *cluster) status() status {
	c.t.Helper()
	var x instance
	c.must("GET", crPath(testNS, "wandb"), nil, &x)
	return x.Status
}

// waitStatus waits until the object's newest generation is in the phase.
func (c *cluster) waitStatus(phase string) status {
	c.t.Helper()
	var x instance
	c.waitFor("phase "+phase, func() error {
		c.must("GET", crPath(testNS, "wandb"), nil, &x)
		if x.Status.Phase != phase || x.Status.ObservedGeneration != x.Metadata.Generation {
			return fmt.Errorf("generation %d, status %+v", x.Metadata.Generation, x.Status)
		}
		return nil
	})
	return x.Status
}
