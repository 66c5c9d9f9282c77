package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	readFor  = time.Hour      // as W&B: presigned reads live 1 h
	writeFor = 24 * time.Hour // and writes 24 h
)

type bucket struct {
	scheme, host, name, region, accessKey, secretKey string
	pathStyle                                        bool
	client                                           *http.Client
}

func (b *bucket) init() error {
	pool, err := caPool()
	b.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 2 * time.Second, ResponseHeaderTimeout: 10 * time.Second, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 4}}
	return err
}

// presign makes a SigV4 URL; everybody who holds it may do that one thing until it expires.
func (b *bucket) presign(method, key string, lifetime time.Duration, now time.Time) string {
	host, path := b.host, "/"+b.name
	if !b.pathStyle {
		host, path = b.name+"."+b.host, ""
	}
	if key != "" || path == "" {
		path += "/" + escape(key, true)
	}
	stamp, day := now.UTC().Format("20060102T150405Z"), now.UTC().Format("20060102")
	scope := strings.Join([]string{day, b.region, "s3", "aws4_request"}, "/")
	query := strings.Join([]string{
		"X-Amz-Algorithm=AWS4-HMAC-SHA256",
		"X-Amz-Credential=" + escape(b.accessKey+"/"+scope, false),
		"X-Amz-Date=" + stamp,
		"X-Amz-Expires=" + strconv.Itoa(int(lifetime.Seconds())),
		"X-Amz-SignedHeaders=host",
	}, "&")
	canonical := strings.Join([]string{method, path, query, "host:" + host + "\n", "host", "UNSIGNED-PAYLOAD"}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, hex.EncodeToString(digest[:])}, "\n")
	signing := []byte("AWS4" + b.secretKey)
	for _, part := range []string{day, b.region, "s3", "aws4_request", toSign} {
		mac := hmac.New(sha256.New, signing)
		mac.Write([]byte(part))
		signing = mac.Sum(nil)
	}
	return b.scheme + "://" + host + path + "?" + query + "&X-Amz-Signature=" + hex.EncodeToString(signing)
}

// escape as SigV4 wants it: only unreserved characters stay, space is %20.
func escape(s string, keepSlash bool) string {
	var out strings.Builder
	for _, c := range []byte(s) {
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || slices.Contains([]byte("-._~"), c) || c == '/' && keepSlash {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}

// call uses the bucket the way clients do: by a presigned URL.
func (b *bucket) call(ctx context.Context, method, key string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, b.presign(method, key, time.Minute, time.Now()), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s://%s/%s: %w", method, b.scheme, b.host, b.name, withoutURL(err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if resp.StatusCode/100 != 2 {
		var s3 struct{ Code, Message string }
		_ = xml.Unmarshal(answer, &s3) // HEAD has no body
		return nil, fmt.Errorf("%s %s://%s/%s: HTTP %d %s %s", method, b.scheme, b.host, b.name, resp.StatusCode, s3.Code, s3.Message)
	}
	return answer, err
}

// head says size and ETag of an object; found is false where there is none.
func (b *bucket) head(ctx context.Context, key string) (size int64, etag string, found bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, b.presign(http.MethodHead, key, time.Minute, time.Now()), nil)
	if err != nil {
		return 0, "", false, err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return 0, "", false, fmt.Errorf("HEAD %s://%s/%s: %w", b.scheme, b.host, b.name, withoutURL(err))
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return resp.ContentLength, strings.Trim(resp.Header.Get("ETag"), `"`), true, nil
	case http.StatusNotFound:
		return 0, "", false, nil
	}
	return 0, "", false, fmt.Errorf("HEAD %s://%s/%s: HTTP %d", b.scheme, b.host, b.name, resp.StatusCode)
}

func (b *bucket) check(ctx context.Context) (string, error) {
	_, err := b.call(ctx, http.MethodHead, "", nil)
	return b.scheme + "://" + b.host + "/" + b.name, err
}
