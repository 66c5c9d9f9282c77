// Package charts tests what the stand-in's charts render, with the helm program itself.
package charts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A site with external services, all keys that an operator is likely to set.
const siteValues = `
global:
  host: https://wandb.example.com
  size: ""
  storageClass: ""
  licenseSecret: {name: wandb-ext-license, key: license}
  repositoryPrefix: ""
  imageRegistry: ""
  imagePullSecrets: [{name: regcred}]
  caCertsConfigMap: internal-ca
  pod: {annotations: {checksum: abc}}
  operator: {namespace: wandb-cr}
  mysql:
    host: mysql.example.com
    port: 3306
    database: wandb_local
    user: wandb_local
    passwordSecret: {name: wandb-ext-mysql, passwordKey: MYSQL_PASSWORD}
    caCert: "-----BEGIN CERTIFICATE-----"
  redis:
    host: redis.example.com
    port: 6379
    secret: {secretName: wandb-ext-redis, secretKey: REDIS_PASSWORD}
    params: {tls: "true", caCertPath: /etc/ssl/certs/redis_ca.pem}
  bucket:
    provider: s3
    name: s3.example.com:9000
    path: "wandb-files?tls=true&forcePathStyle=true"
    region: us-east-1
    kmsKey: null
    secret: {secretName: wandb-ext-bucket, accessKeyName: ACCESS_KEY, secretKeyName: SECRET_KEY}
  api: {enabled: true}
  glue: {enabled: true}
  executor: {enabled: true}
  email: {smtp: {host: smtp.example.com, port: 587, user: wandb, password: {valueFrom: {secretKeyRef: {name: s, key: p}}}, mailFrom: w@example.com}}
  auth: {sessionLengthHours: 720, oidc: {clientId: wandb, issuer: "https://idp", authMethod: pkce, oidcSecret: {name: o, secretKey: OIDC_SECRET}}}
  extraEnv: {ENABLE_REGISTRY_UI: "true"}
  weave-trace: {enabled: false}
mysql: {install: false}
redis: {install: false}
executor: {install: true, image: {tag: "1"}}
filemeta: {install: true, image: {tag: "1"}}
frontend: {install: false, image: {tag: "1"}}
anaconda2: {install: true}
app: {image: {tag: "1"}, env: {GORILLA_FILEMETA_ENABLED: "false"}}
weave-trace: {install: true}
prometheus: {install: true}
otel: {install: true}
reloader: {install: false}
appRenamePreHook: {install: false}
appRenamePostHook: {install: false}
ingress:
  install: true
  create: true
  class: traefik
  annotations: {nginx.ingress.kubernetes.io/proxy-body-size: "0"}
  tls: [{secretName: wandb-tls, hosts: [wandb.example.com]}]
  additionalHosts: [other.example.com]
`

func helm(t *testing.T, chart string, args ...string) (string, error) {
	t.Helper()
	bin := "helm"
	if dir := os.Getenv("STANDIN_PROGRAMS"); dir != "" {
		bin = filepath.Join(dir, "helm")
	}
	if _, err := exec.LookPath(bin); err != nil {
		t.Skip("no helm on PATH or in STANDIN_PROGRAMS")
	}
	file := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(file, []byte(siteValues), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "SITE" {
			args[i] = file
		}
	}
	out, err := exec.Command(bin, append([]string{"template", "wandb", chart, "--namespace", "wandb"}, args...)...).CombinedOutput()
	return string(out), err
}

func render(t *testing.T, chart string, args ...string) string {
	t.Helper()
	out, err := helm(t, chart, args...)
	if err != nil {
		t.Fatal(out)
	}
	return out
}

// documents maps "Kind/name" to its text.
func documents(t *testing.T, text string) map[string]string {
	t.Helper()
	found, seen := map[string]string{}, map[string]bool{}
	for _, doc := range strings.Split(text, "\n---\n") {
		kind, name, ns := "", "", ""
		for _, line := range strings.Split(doc, "\n") {
			if v, ok := strings.CutPrefix(line, "kind: "); ok {
				kind = v
			}
			if v, ok := strings.CutPrefix(line, "  name: "); ok && name == "" {
				name = v
			}
			if v, ok := strings.CutPrefix(line, "  namespace: "); ok && ns == "" {
				ns = v
			}
		}
		if kind != "" {
			if id := kind + "/" + ns + "/" + name; seen[id] {
				t.Errorf("%s is rendered twice", id)
			} else {
				seen[id] = true
			}
			found[kind+"/"+name] = doc
		}
	}
	return found
}

func want(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is missing in:\n%s", p, text)
		}
	}
}

func unwanted(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) {
			t.Errorf("%q must not be in:\n%s", p, text)
		}
	}
}

func TestSite(t *testing.T) {
	docs := documents(t, render(t, "operator-wandb", "-f", "SITE"))
	for _, name := range []string{"app-bc", "api", "console-bc", "parquet-bc", "weave-bc", "weave-trace", "executor-bc", "glue", "filemeta", "anaconda2"} {
		d := docs["Deployment/wandb-"+name]
		want(t, d, "runAsUser: 999", "runAsGroup: 0", "checksum: abc", "- name: regcred", "image: \"docker.io/wandb/standin:", `name: ENABLE_REGISTRY_UI`)
		if strings.Contains(d, "migrate-db") != (name == "app-bc" || name == "api") {
			t.Errorf("migrate-db of %s", name)
		}
		if strings.Contains(d, "STANDIN_WORKER") != (name == "executor-bc") {
			t.Errorf("worker of %s", name)
		}
	}
	want(t, docs["Deployment/wandb-app-bc"], "standin:1\"", "GORILLA_FILEMETA_ENABLED")
	want(t, docs["Deployment/wandb-api"], `"mysql://$(MYSQL_USER):$(MYSQL_PASSWORD)@$(MYSQL_HOST):$(MYSQL_PORT)/$(MYSQL_DATABASE)?tls=preferred&ssl-ca=/etc/ssl/certs/mysql_ca.pem"`,
		`"redis://:$(REDIS_PASSWORD)@$(REDIS_HOST):$(REDIS_PORT)?caCertPath=/etc/ssl/certs/redis_ca.pem&tls=true&ttlInSeconds=604800"`,
		`"s3://$(BUCKET_ACCESS_KEY):$(BUCKET_SECRET_KEY)@$(BUCKET_NAME)/$(BUCKET_PATH)"`, "{name: wandb-ext-mysql, key: MYSQL_PASSWORD}", "{name: wandb-ext-license, key: license}",
		"{name: wandb-ext-bucket, key: ACCESS_KEY, optional: true}", "{name: wandb-ext-redis, key: REDIS_PASSWORD, optional: true}", "configMap: {name: internal-ca, optional: true}")
	// Variables that others refer to with $(…) must come before them.
	for _, pair := range [][2]string{{"MYSQL_PASSWORD", "MYSQL"}, {"REDIS_PASSWORD", "REDIS"}, {"BUCKET_SECRET_KEY", "BUCKET"}} {
		d := docs["Deployment/wandb-api"]
		if strings.Index(d, "name: "+pair[0]+"\n") > strings.Index(d, "name: "+pair[1]+",") {
			t.Errorf("%s comes after %s", pair[0], pair[1])
		}
	}
	for service, port := range map[string]string{"app": "8080", "api": "8081", "console": "8082", "weave-trace": "8722"} {
		want(t, docs["Service/wandb-"+service], "port: "+port+",")
	}
	for _, name := range []string{"wandb-mysql", "wandb-license", "wandb-bucket", "wandb-redis-secret"} {
		if docs["Secret/"+name] != "" {
			t.Errorf("Secret %s is rendered although the site brings its own", name)
		}
	}
	ingress := docs["Ingress/wandb"]
	want(t, ingress, "ingressClassName: traefik", "secretName: wandb-tls", `host: "wandb.example.com"`, `host: "other.example.com"`, `proxy-body-size: "0"`,
		"{path: /, pathType: Prefix, backend: {service: {name: wandb-app, port: {number: 8080}}}}", "{path: /api, pathType: Prefix, backend: {service: {name: wandb-api, port: {number: 8081}}}}",
		"{path: /graphql, ", "{path: /graphql2, ", "{path: /console, pathType: Prefix, backend: {service: {name: wandb-console, port: {number: 8082}}}}",
		"{path: /traces, pathType: Prefix, backend: {service: {name: wandb-weave-trace, port: {number: 8722}}}}")
}

func TestDefaultsAreTheMonolith(t *testing.T) {
	docs := documents(t, render(t, "operator-wandb"))
	unwanted(t, docs["Ingress/wandb"], "/api", "/graphql", "/traces", "ingressClassName")
	want(t, docs["Ingress/wandb"], "wandb-app", "/console")
	want(t, docs["Deployment/wandb-app-bc"], "STANDIN_WORKER", "cpu: \"10m\"")
	for _, name := range []string{"Deployment/wandb-api", "Deployment/wandb-executor-bc", "Deployment/wandb-glue", "Deployment/wandb-frontend", "Secret/wandb-bucket"} {
		if docs[name] != "" {
			t.Errorf("%s is there", name)
		}
	}
	for _, name := range []string{"mysql", "license", "gorilla-session-key", "password"} {
		if docs["Secret/wandb-"+name] == "" {
			t.Errorf("Secret wandb-%s is missing", name)
		}
	}
}

func TestSwitches(t *testing.T) {
	docs := documents(t, render(t, "operator-wandb", "-f", "SITE", "--set", "frontend.install=true,console.install=false,weave-trace.install=false,global.size=small"))
	want(t, docs["Ingress/wandb"], "{path: /, pathType: Prefix, backend: {service: {name: wandb-frontend, port: {number: 8080}}}}")
	unwanted(t, docs["Ingress/wandb"], "/console", "/traces")
	want(t, docs["Deployment/wandb-executor-bc"], "memory: 8Gi")
	want(t, docs["Deployment/wandb-api"], "replicas: 2")
	prefixed := render(t, "operator-wandb", "--set", "global.repositoryPrefix=reg.example.com/mirror,api.image.digest=sha256:"+strings.Repeat("a", 64)+",global.api.enabled=true")
	want(t, prefixed, `"reg.example.com/mirror/docker.io/wandb/standin:0.83.0-standin"`, "reg.example.com/mirror/docker.io/wandb/standin@sha256:aaaa")
	noApp := documents(t, render(t, "operator-wandb", "--set", "global.localService.bypass=true,app.install=false,global.api.enabled=true"))
	want(t, noApp["Ingress/wandb"], "{path: /, pathType: Prefix, backend: {service: {name: wandb-api,")
	unwanted(t, render(t, "operator-wandb", "--set", "ingress.create=false"), "kind: Ingress")
	inline := documents(t, render(t, "operator-wandb", "--set", "global.bucket.accessKey=AK,global.bucket.secretKey=SK,global.redis.password=x,global.mysql.password=y"))
	for _, name := range []string{"bucket", "redis-secret", "mysql"} {
		if inline["Secret/wandb-"+name] == "" {
			t.Errorf("Secret wandb-%s is missing", name)
		}
	}
}

// Each of these is a mistake that the real chart takes without a word (or renders into nonsense).
func TestSchemaRefuses(t *testing.T) {
	for set, message := range map[string]string{
		"global.hsot=x":                           "additional properties 'hsot' not allowed",
		"imagePullSecrets=x":                      "additional properties 'imagePullSecrets'",
		"global.redis.auth.enabled=true":          "additional properties 'auth'",
		"ingress.enabled=true":                    "additional properties 'enabled'",
		"route.x=1":                               "additional properties 'route'",
		"api.image.tga=1":                         "additional properties 'tga'",
		"global.bucket.secret.secretname=x":       "additional properties 'secretname'",
		"global.mysql.hostt=x":                    "additional properties 'hostt'",
		"redis.resources.x=1":                     "additional properties 'resources'",
		"redis.install=true":                      "value must be false",
		"ingress.issuer.create=true":              "value must be false",
		"global.customCACerts.a=b":                "got object, want array",
		"global.mysql.caCert.valueFrom.x=y":       "got object, want string",
		"global.host=wandb.example.com":           "does not match pattern",
		"ingress.tls[0].host=x":                   "additional properties 'host'",
		"global.mysql.passwordSecret.password=x":  "additional properties 'password'",
		"global.mysql.password.secretKeyRef.x=y":  "not allowed",
		"global.executor.install=true":            "additional properties 'install'",
		"executor.enabled=true":                   "additional properties 'enabled'",
		"global.auth.oidc.oidcSecret.secretKey=x": "missing property 'name'",
	} {
		out, err := helm(t, "operator-wandb", "--set", set)
		if err == nil || !strings.Contains(out, message) {
			t.Errorf("%s: %v %s", set, err, out)
		}
	}
	if out, err := helm(t, "operator-wandb", "--set-string", "global.api.enabled=true"); err == nil || !strings.Contains(out, "got string, want boolean") {
		t.Error(out)
	}
}

func TestOperator(t *testing.T) {
	out := render(t, "operator", "--include-crds", "--set", "airgapped=true,image.pullSecrets={regcred},caCertsConfigMap=internal-ca,podAnnotations.a=b", "--set-json", `extraEnv=[{"name":"A","value":"b"}]`)
	docs := documents(t, out)
	want(t, docs["Deployment/wandb-controller-manager"], "serviceAccountName: wandb-manager", "{name: AIRGAPPED, value: \"true\"}", "- name: regcred", "internal-ca", "mountPath: /charts", "a: b", "name: A",
		"docker.io/wandb/controller:1.22.0-standin")
	if docs["CustomResourceDefinition/weightsandbiases.apps.wandb.com"] == "" || docs["ServiceAccount/wandb-manager"] == "" || docs["ClusterRole/wandb-manager"] == "" {
		t.Error("CRD, ServiceAccount or ClusterRole is missing")
	}
	isolated := documents(t, render(t, "operator", "--set", "namespaceIsolation.enabled=true,namespaceIsolation.additionalNamespaces={other}"))
	if isolated["ClusterRole/wandb-manager"] != "" {
		t.Error("isolation must not need a ClusterRole")
	}
	want(t, isolated["Deployment/wandb-controller-manager"], `value: "wandb,other"`)
	if out, err := helm(t, "operator", "--set", "airgaped=true"); err == nil || !strings.Contains(out, "additional properties 'airgaped'") {
		t.Error(out)
	}
}
