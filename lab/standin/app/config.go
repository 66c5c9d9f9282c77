package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

type lookup func(string) string

// caPool: the system's roots (SSL_CERT_FILE and SSL_CERT_DIR included), the chart's CA mounts, and extra files.
func caPool(extra ...string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, pattern := range []string{"/usr/local/share/ca-certificates/*.crt", "/usr/local/share/ca-certificates/*/*.crt", "/certs/*.crt"} {
		found, _ := filepath.Glob(pattern)
		for _, f := range found {
			if pem, err := os.ReadFile(f); err == nil {
				pool.AppendCertsFromPEM(pem)
			}
		}
	}
	for _, f := range extra {
		pem, err := os.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("CA file: %w", err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("CA file %s holds no PEM certificate", f)
		}
	}
	return pool, nil
}

// parseURL never repeats the URL in its error: it holds a password. As with the real chart nothing is
// percent-encoded on the way here, so a password with special characters ends in this error.
func parseURL(variable, raw, scheme string) (*url.URL, error) {
	if name := unresolved(raw); name != "" {
		return nil, fmt.Errorf("%s refers to %s, which is not set: the Secret or its key is missing", variable, name)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != scheme || u.Host == "" {
		return nil, fmt.Errorf("%s is not a valid %s:// URL; expected letters and digits only in user, password and keys (the chart encodes nothing)", variable, scheme)
	}
	return u, nil
}

// unresolved finds the $(NAME) that Kubernetes leaves as it is when NAME is not set.
func unresolved(s string) string {
	_, rest, found := strings.Cut(s, "$(")
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(rest, ")")
	return name
}

func mysqlConfig(env lookup) (*mysql.Config, error) {
	raw := env("MYSQL")
	if raw == "" {
		if env("MYSQL_HOST") == "" {
			return nil, errors.New("neither MYSQL nor MYSQL_HOST is set")
		}
		u := url.URL{Scheme: "mysql", User: url.UserPassword(env("MYSQL_USER"), env("MYSQL_PASSWORD")),
			Host: net.JoinHostPort(env("MYSQL_HOST"), or(env("MYSQL_PORT"), "3306")), Path: "/" + env("MYSQL_DATABASE"), RawQuery: "tls=preferred"}
		raw = u.String()
	}
	u, err := parseURL("MYSQL", raw, "mysql")
	if err != nil {
		return nil, err
	}
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(u.Hostname(), or(u.Port(), "3306"))
	c.User, c.DBName = u.User.Username(), strings.TrimPrefix(u.Path, "/")
	c.Passwd, _ = u.User.Password()
	c.ParseTime, c.Loc = true, time.UTC
	c.Params = map[string]string{"time_zone": "'+00:00'"}
	c.Timeout, c.ReadTimeout, c.WriteTimeout = 2*time.Second, 15*time.Second, 15*time.Second
	c.RejectReadOnly = true // after a switchover the old primary is read-only: drop the connection, dial again
	c.TLSConfig = or(u.Query().Get("tls"), "preferred")
	if ca := or(u.Query().Get("ssl-ca"), env("MYSQL_CA_CERT_PATH")); ca != "" && c.TLSConfig != "false" {
		pool, err := caPool(ca)
		if err != nil {
			return nil, fmt.Errorf("MySQL %w", err)
		}
		c.TLS, c.TLSConfig = &tls.Config{RootCAs: pool, ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}, ""
	}
	return c, nil
}

func redisConfig(env lookup) (*redisClient, error) {
	raw := env("REDIS")
	if raw == "" {
		if env("REDIS_HOST") == "" {
			return nil, errors.New("neither REDIS nor REDIS_HOST is set")
		}
		u := url.URL{Scheme: "redis", User: url.UserPassword("", env("REDIS_PASSWORD")), Host: net.JoinHostPort(env("REDIS_HOST"), or(env("REDIS_PORT"), "6379"))}
		raw = u.String()
	}
	u, err := parseURL("REDIS", raw, "redis")
	if err != nil {
		return nil, err
	}
	q := u.Query()
	for _, unsupported := range []string{"master", "cluster"} {
		if q.Get(unsupported) != "" {
			return nil, fmt.Errorf("REDIS parameter %s: the stand-in talks to a single Redis only", unsupported)
		}
	}
	r := &redisClient{addr: net.JoinHostPort(u.Hostname(), or(u.Port(), "6379")), user: u.User.Username()}
	r.password, _ = u.User.Password()
	if q.Get("tls") == "true" {
		var extra []string
		if q.Get("caCertPath") != "" {
			extra = append(extra, q.Get("caCertPath"))
		}
		pool, err := caPool(extra...)
		if err != nil {
			return nil, fmt.Errorf("Redis %w", err)
		}
		r.tls = &tls.Config{RootCAs: pool, ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	}
	return r, nil
}

// bucketConfig reads s3://KEY:SECRET@host[:port]/bucket?tls=true&forcePathStyle=true&region=… The host is the one
// that clients outside the cluster receive in presigned URLs.
func bucketConfig(env lookup) (*bucket, error) {
	raw := env("BUCKET")
	if raw == "" {
		return nil, errors.New("BUCKET is not set")
	}
	u, err := parseURL("BUCKET", raw, "s3")
	if err != nil {
		return nil, err
	}
	q := u.Query()
	b := &bucket{host: u.Host, name: strings.Trim(u.Path, "/"), scheme: "http", pathStyle: q.Get("forcePathStyle") != "false",
		region: or(q.Get("region"), or(env("AWS_REGION"), "us-west-1")), accessKey: u.User.Username()}
	b.secretKey, _ = u.User.Password()
	if on, _ := strconv.ParseBool(q.Get("tls")); on {
		b.scheme = "https"
	}
	if b.name == "" || strings.Contains(b.name, "/") {
		return nil, fmt.Errorf("BUCKET has the path %q; expected host[:port]/bucket (an S3-compatible endpoint): the stand-in does not talk to a cloud by bucket name alone", u.Path)
	}
	if b.accessKey == "" || b.secretKey == "" {
		return nil, errors.New("BUCKET has no access key or no secret key")
	}
	return b, b.init()
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
