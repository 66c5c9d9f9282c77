package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// site is a real MySQL, Redis and MinIO on the loopback, MySQL and MinIO with TLS.
type site struct {
	t                         *testing.T
	dir, mysqld, redis, s3    string // programs
	dbPort, redisPort, s3Port string
	env                       map[string]string
}

// newSite needs STANDIN_PROGRAMS (a directory with minio), STANDIN_MYSQL (a MySQL tree) and redis-server on PATH.
func newSite(t *testing.T) *site {
	tree, programs := os.Getenv("STANDIN_MYSQL"), os.Getenv("STANDIN_PROGRAMS")
	redis, err := exec.LookPath("redis-server")
	if tree == "" || programs == "" || err != nil {
		t.Skip("STANDIN_MYSQL, STANDIN_PROGRAMS or redis-server is missing: no real services to test with")
	}
	s := &site{t: t, dir: t.TempDir(), mysqld: tree + "/bin/mysqld", redis: redis, s3: programs + "/minio", dbPort: port(t), redisPort: port(t), s3Port: port(t)}
	s.certificate()
	s.env = map[string]string{
		"MYSQL":  "mysql://wandb_local:dbpass1@127.0.0.1:" + s.dbPort + "/wandb_local?tls=preferred&ssl-ca=" + s.dir + "/ca.pem",
		"REDIS":  "redis://:redispass1@127.0.0.1:" + s.redisPort + "?ttlInSeconds=604800",
		"BUCKET": "s3://wandbfiles:s3secret1@localhost:" + s.s3Port + "/wandb-files?tls=true&forcePathStyle=true", "AWS_REGION": "us-east-1",
		"STANDIN_WORKER": "true", "HOST": "https://wandb.lab.test", "SSL_CERT_FILE": s.dir + "/ca.pem", "STANDIN_DRAIN": "0s"}
	init := exec.Command(s.mysqld, "--no-defaults", "--initialize-insecure", "--user=root", "--datadir="+s.dir+"/db")
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return s
}

func port(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return p
}

// certificate: self-signed, serves as its own CA.
func (s *site) certificate() {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, _ := x509.MarshalPKCS8PrivateKey(key)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
	for name, text := range map[string][]byte{"ca.pem": cert, "key.pem": private, "certs/public.crt": cert, "certs/private.key": private} {
		_ = os.MkdirAll(filepath.Dir(filepath.Join(s.dir, name)), 0o700)
		if err := os.WriteFile(filepath.Join(s.dir, name), text, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

// run starts a program; stop kills it hard, as a crash would.
func (s *site) run(env []string, bin string, args ...string) (stop func()) {
	s.t.Helper()
	cmd := exec.Command(bin, args...)
	cmd.Env, cmd.Dir = append(os.Environ(), env...), s.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { _ = cmd.Process.Signal(syscall.SIGKILL); _ = cmd.Wait() })
	s.t.Cleanup(func() {
		stop()
		if s.t.Failed() {
			tail := out.Bytes()
			s.t.Logf("%s said:\n%s", filepath.Base(bin), tail[max(0, len(tail)-3000):])
		}
	})
	return stop
}

func (s *site) startMySQL() func() {
	return s.run(nil, s.mysqld, "--no-defaults", "--user=root", "--datadir="+s.dir+"/db", "--port="+s.dbPort, "--bind-address=127.0.0.1", "--mysqlx=OFF", "--socket="+s.dir+"/s.sock",
		"--pid-file="+s.dir+"/pid", "--ssl-ca="+s.dir+"/ca.pem", "--ssl-cert="+s.dir+"/ca.pem", "--ssl-key="+s.dir+"/key.pem", "--require-secure-transport=ON", "--innodb-buffer-pool-size=64M", "--secure-file-priv=NULL")
}

func (s *site) startRedis() func() {
	return s.run(nil, s.redis, "--port", s.redisPort, "--bind", "127.0.0.1", "--requirepass", "redispass1", "--save", "", "--dir", s.dir)
}

func (s *site) startMinIO() func() {
	return s.run([]string{"MINIO_ROOT_USER=wandbfiles", "MINIO_ROOT_PASSWORD=s3secret1", "MINIO_BROWSER=off", "MINIO_UPDATE=off"}, s.s3, "server", s.dir+"/s3", "--address", "127.0.0.1:"+s.s3Port,
		"--certs-dir", s.dir+"/certs", "--quiet")
}

func (s *site) eventually(what string, f func() error) {
	s.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: after 60 s still %v", what, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (s *site) client() *http.Client {
	pemText, _ := os.ReadFile(s.dir + "/ca.pem")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pemText)
	return &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

func (s *site) call(method, url, body string, into any) (int, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	resp, err := s.client().Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if text, ok := into.(*string); ok {
		*text = string(raw)
	} else if into != nil {
		err = json.Unmarshal(raw, into)
	}
	return resp.StatusCode, err
}

// must is for calls that have to succeed.
func (s *site) must(method, url, body string, into any) {
	s.t.Helper()
	var raw string
	code, err := s.call(method, url, body, &raw)
	if err != nil || code/100 != 2 {
		s.t.Fatalf("%s %s: %d %v %s", method, url, code, err, raw)
	}
	if text, ok := into.(*string); ok {
		*text = raw
	} else if into != nil {
		if err := json.Unmarshal([]byte(raw), into); err != nil {
			s.t.Fatalf("%v: %s", err, raw)
		}
	}
}

func (s *site) ready(base string, want int, dependency, reason string) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("/ready %d %s", want, dependency), func() error {
		var got struct{ Checks map[string]checkResult }
		start := time.Now()
		code, err := s.call("GET", base+"/ready", "", &got)
		if took := time.Since(start); took > 3500*time.Millisecond {
			s.t.Fatalf("/ready took %s; the probe allows 4 s", took)
		}
		if err != nil || code != want || dependency != "" && !strings.Contains(got.Checks[dependency].Reason, reason) {
			return fmt.Errorf("%d %v %+v", code, err, got)
		}
		return nil
	})
}

func TestRealServices(t *testing.T) {
	s := newSite(t)
	stopDB, stopRedis, stopS3 := s.startMySQL(), s.startRedis(), s.startMinIO()
	s.createAccount()
	s.createBucket()
	bin := s.build()
	// Three at once run the migration; the lock lets one do it.
	var bases []string
	for range 3 {
		bases = append(bases, s.startApp(bin, "api"))
	}
	for _, base := range bases {
		s.ready(base, 200, "", "")
	}
	if n := s.count("SELECT COUNT(*) FROM standin_schema"); n != len(migrations) {
		t.Errorf("%d migrations recorded, expected %d", n, len(migrations))
	}
	base := bases[0]
	run := s.filesAndJobs(base)
	s.tracking(bases)

	t.Run("selftest", func(t *testing.T) {
		var got struct{ Steps []step }
		s.must("POST", base+"/api/selftest", "", &got)
		if len(got.Steps) != 5 {
			t.Fatalf("%+v", got)
		}
	})
	t.Run("services crash and come back", func(t *testing.T) {
		// A job that the queue lost long ago: sweep finds it.
		s.exec(`INSERT INTO wandb_local.standin_jobs (id, kind, payload, created_at) VALUES ('lost', 'echo', '"x"', UTC_TIMESTAMP(6) - INTERVAL 1 HOUR)`)
		for _, x := range []struct {
			name  string
			stop  func()
			start func() func()
		}{{"mysql", stopDB, s.startMySQL}, {"redis", stopRedis, s.startRedis}, {"bucket", stopS3, s.startMinIO}} {
			x.stop()
			s.ready(base, 503, x.name, "refused")
			var failed struct{ Steps []step }
			if code, _ := s.call("POST", base+"/api/selftest", "", &failed); code != 503 {
				t.Errorf("selftest without %s: %d %+v", x.name, code, failed)
			}
			x.start()
			s.ready(base, 200, "", "")
			s.eventually("selftest after "+x.name, func() error {
				var text string
				if code, err := s.call("POST", base+"/api/selftest", "", &text); err != nil || code != 200 {
					return fmt.Errorf("%d %v %s", code, err, text)
				}
				return nil
			})
		}
		s.must("GET", base+"/api/runs/"+run, "", nil)
		var lost job
		s.must("GET", base+"/api/jobs/lost?wait=30", "", &lost)
		if lost.Status != "done" || string(lost.Result) != `"x"` {
			t.Errorf("%+v", lost)
		}
	})
	t.Run("a hung server does not hang /ready", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, never answers
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		s.env["REDIS"] = "redis://" + l.Addr().String()
		defer func(old string) { s.env["BUCKET"] = old }(s.env["BUCKET"])
		s.env["BUCKET"] = "s3://k:s@" + l.Addr().String() + "/b"
		hung := s.startApp(bin, "api")
		s.ready(hung, 503, "redis", "timeout")
		s.ready(hung, 503, "bucket", "deadline")
	})
	t.Run("wrong credentials", func(t *testing.T) {
		s.env["REDIS"] = "redis://:wrong@127.0.0.1:" + s.redisPort
		s.env["BUCKET"] = "s3://wandbfiles:wrong@localhost:" + s.s3Port + "/wandb-files?tls=true"
		s.env["MYSQL"] = "mysql://wandb_local:wrong@127.0.0.1:" + s.dbPort + "/wandb_local?tls=preferred"
		wrong := s.startApp(bin, "api")
		s.ready(wrong, 503, "redis", "WRONGPASS")
		s.ready(wrong, 503, "bucket", "403")
		s.ready(wrong, 503, "mysql", "Access denied")
	})
	t.Run("standby", func(t *testing.T) {
		s.exec("SET GLOBAL read_only = ON")
		s.ready(base, 503, "mysql", "read-only")
		s.exec("SET GLOBAL read_only = OFF")
		s.ready(base, 200, "", "")
	})
}

func (s *site) createBucket() {
	s.t.Helper()
	k, err := bucketConfig(func(k string) string { return s.env[k] })
	if err != nil {
		s.t.Fatal(err)
	}
	k.client = s.client()
	s.eventually("bucket", func() error { _, err := k.call(s.t.Context(), "PUT", "", nil); return err })
}

func (s *site) build() string {
	s.t.Helper()
	bin := filepath.Join(s.dir, "standin")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		s.t.Fatalf("%s", out)
	}
	return bin
}

func (s *site) startApp(bin, component string) string {
	base, _ := s.startPod(bin, component)
	return base
}

func (s *site) startPod(bin, component string) (base string, stop func()) {
	p := port(s.t)
	env := []string{"STANDIN_LISTEN=127.0.0.1:" + p}
	for k, v := range s.env {
		env = append(env, k+"="+v)
	}
	stop = s.run(env, bin, component)
	base = "http://127.0.0.1:" + p
	s.eventually("listening", func() error { _, err := s.call("GET", base+"/healthz", "", nil); return err })
	return base, stop
}

// filesAndJobs is what a client outside the cluster does.
func (s *site) filesAndJobs(base string) string {
	t := s.t
	var run struct{ ID string }
	s.must("POST", base+"/api/runs", `{"name":"näme"}`, &run)
	content := strings.Repeat("hello\n", 1000)
	files := base + "/api/runs/" + run.ID + "/files?name=dir/a%20b%2B%C3%A4.txt"
	var put, get struct {
		URL     string
		Expires int `json:"expires_in"`
	}
	if code, _ := s.call("GET", files, "", nil); code != 404 {
		t.Errorf("a file nobody uploaded: %d", code)
	}
	s.must("POST", files, "", &put)
	s.must("PUT", put.URL, content, nil)
	s.must("GET", files, "", &get)
	var back string
	s.must("GET", get.URL, "", &back)
	if back != content || put.Expires != 86400 || get.Expires != 3600 {
		t.Errorf("%d bytes back, expected %d; %+v %+v", len(back), len(content), put, get)
	}
	if code, _ := s.call("PUT", get.URL, "x", nil); code != 403 {
		t.Errorf("PUT with the URL of a GET: %d, expected 403", code)
	}
	var queued struct{ ID string }
	s.must("POST", base+"/api/jobs", `{"kind":"checksum","payload":{"run":"`+run.ID+`","name":"dir/a b+ä.txt"}}`, &queued)
	var done job
	s.must("GET", base+"/api/jobs/"+queued.ID+"?wait=20", "", &done)
	sum := sha256.Sum256([]byte(content))
	if done.Status != "done" || !strings.Contains(string(done.Result), hex.EncodeToString(sum[:])) || !strings.HasPrefix(done.DoneBy, "api ") {
		t.Errorf("%+v %s", done, done.Result)
	}
	s.must("POST", base+"/api/jobs", `{"kind":"checksum","payload":{}}`, &queued)
	s.must("GET", base+"/api/jobs/"+queued.ID+"?wait=20", "", &done)
	if done.Status != "failed" {
		t.Errorf("a job with a bad payload: %+v", done)
	}
	return run.ID
}

func (s *site) root() *sql.DB {
	db, err := sql.Open("mysql", "root@unix("+s.dir+"/s.sock)/")
	if err != nil {
		s.t.Fatal(err)
	}
	return db
}

func (s *site) exec(statements ...string) {
	s.t.Helper()
	db := s.root()
	defer db.Close()
	for _, q := range statements {
		if _, err := db.ExecContext(context.Background(), q); err != nil {
			s.t.Fatalf("%s: %v", q, err)
		}
	}
}

func (s *site) count(q string) (n int) {
	db := s.root()
	defer db.Close()
	if err := db.QueryRow(strings.ReplaceAll(q, "standin_", "wandb_local.standin_")).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// createAccount as reference architecture and role do it.
func (s *site) createAccount() {
	db := s.root()
	defer db.Close()
	s.eventually("mysqld", db.Ping)
	s.exec("CREATE USER 'wandb_local'@'%' IDENTIFIED BY 'dbpass1'", "CREATE DATABASE wandb_local CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
		"GRANT ALL ON wandb_local.* TO 'wandb_local'@'%' WITH GRANT OPTION")
}
