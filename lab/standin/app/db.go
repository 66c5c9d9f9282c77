package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
)

// migrations run once, in order, under a lock of the database. Only append.
var migrations = []string{
	`CREATE TABLE IF NOT EXISTS standin_runs (
		id VARCHAR(16) PRIMARY KEY, name VARCHAR(255) NOT NULL, created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), INDEX (created_at)
	) CHARACTER SET utf8mb4`,
	`CREATE TABLE IF NOT EXISTS standin_files (
		run_id VARCHAR(16) NOT NULL, name VARCHAR(512) NOT NULL, created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), PRIMARY KEY (run_id, name)
	) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
	`CREATE TABLE IF NOT EXISTS standin_jobs (
		id VARCHAR(16) PRIMARY KEY, kind VARCHAR(32) NOT NULL, payload MEDIUMTEXT NOT NULL, status VARCHAR(16) NOT NULL DEFAULT 'queued', result MEDIUMTEXT,
		done_by VARCHAR(255), created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), done_at DATETIME(6), INDEX (status, created_at)
	) CHARACTER SET utf8mb4`,
	// What W&B's SDK tracks. Names and digests are compared byte by byte, as the SDK does.
	`CREATE TABLE IF NOT EXISTS standin_projects (
		id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(128) NOT NULL UNIQUE, created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
	) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
	`CREATE TABLE IF NOT EXISTS standin_tracked (
		id BIGINT PRIMARY KEY AUTO_INCREMENT, project_id BIGINT NOT NULL, name VARCHAR(128) NOT NULL, display_name VARCHAR(255) NOT NULL,
		state VARCHAR(16) NOT NULL DEFAULT 'running', config MEDIUMTEXT NOT NULL, summary MEDIUMTEXT NOT NULL, tags TEXT NOT NULL, notes TEXT NOT NULL,
		run_group VARCHAR(255) NOT NULL DEFAULT '', job_type VARCHAR(255) NOT NULL DEFAULT '', git_commit VARCHAR(64) NOT NULL DEFAULT '',
		sweep VARCHAR(16) NOT NULL DEFAULT '', stopped BOOLEAN NOT NULL DEFAULT FALSE, created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
		heartbeat_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), UNIQUE (project_id, name), INDEX (created_at), INDEX (project_id, sweep)
	) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
	`CREATE TABLE IF NOT EXISTS standin_lines (
		run_id BIGINT NOT NULL, stream VARCHAR(16) NOT NULL, number INT NOT NULL, line MEDIUMTEXT NOT NULL, PRIMARY KEY (run_id, stream, number)
	) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
	`CREATE TABLE IF NOT EXISTS standin_tracked_files (
		run_id BIGINT NOT NULL, name VARCHAR(512) NOT NULL, size BIGINT, etag VARCHAR(64) NOT NULL DEFAULT '', updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
		PRIMARY KEY (run_id, name)
	) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
	`CREATE TABLE IF NOT EXISTS standin_artifacts (
		id BIGINT PRIMARY KEY AUTO_INCREMENT, project_id BIGINT NOT NULL, type VARCHAR(128) NOT NULL, collection VARCHAR(128) NOT NULL, digest VARCHAR(64) NOT NULL,
		state VARCHAR(16) NOT NULL DEFAULT 'PENDING', version INT, description TEXT, metadata MEDIUMTEXT, aliases TEXT NOT NULL, run_id BIGINT, client_id VARCHAR(191) UNIQUE,
		history_step BIGINT, size BIGINT NOT NULL DEFAULT 0, file_count INT NOT NULL DEFAULT 0, created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
		UNIQUE (project_id, collection, version), INDEX (run_id)
	) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
	`CREATE TABLE IF NOT EXISTS standin_artifact_files (
		artifact_id BIGINT NOT NULL, name VARCHAR(512) NOT NULL, digest VARCHAR(64) NOT NULL, birth_id BIGINT NOT NULL, size BIGINT NOT NULL DEFAULT 0, reference TEXT,
		PRIMARY KEY (artifact_id, name), INDEX (digest)
	) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
	`CREATE TABLE IF NOT EXISTS standin_aliases (
		project_id BIGINT NOT NULL, collection VARCHAR(128) NOT NULL, alias VARCHAR(128) NOT NULL, artifact_id BIGINT NOT NULL, PRIMARY KEY (project_id, collection, alias), INDEX (artifact_id)
	) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
	`CREATE TABLE IF NOT EXISTS standin_used_artifacts (artifact_id BIGINT NOT NULL, run_id BIGINT NOT NULL, PRIMARY KEY (artifact_id, run_id), INDEX (run_id))`,
	`CREATE TABLE IF NOT EXISTS standin_sweeps (
		id BIGINT PRIMARY KEY AUTO_INCREMENT, project_id BIGINT NOT NULL, name VARCHAR(16) NOT NULL UNIQUE, config MEDIUMTEXT NOT NULL, state VARCHAR(16) NOT NULL DEFAULT 'PENDING',
		handed_out INT NOT NULL DEFAULT 0, created_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
	) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
	`CREATE TABLE IF NOT EXISTS standin_agents (id BIGINT PRIMARY KEY AUTO_INCREMENT, sweep_id BIGINT NOT NULL, host VARCHAR(255) NOT NULL)`,
}

const migrationLock = "standin_migration"

// backends opens each service when it is first needed, and says why it cannot.
type backends struct {
	db     func() (*sql.DB, error)
	redis  func() (*redisClient, error)
	bucket func() (*bucket, error)

	mu     sync.Mutex
	cached map[string]cachedCheck
}

func newBackends(env lookup) *backends {
	return &backends{cached: map[string]cachedCheck{},
		db: onceOK(func() (*sql.DB, error) {
			c, err := mysqlConfig(env)
			if err != nil {
				return nil, err
			}
			connector, err := mysql.NewConnector(c)
			if err != nil {
				return nil, err
			}
			db := sql.OpenDB(connector)
			db.SetMaxOpenConns(10)
			db.SetMaxIdleConns(3)
			db.SetConnMaxLifetime(time.Minute) // a new name resolution at least every minute
			return db, nil
		}),
		redis:  onceOK(func() (*redisClient, error) { return redisConfig(env) }),
		bucket: onceOK(func() (*bucket, error) { return bucketConfig(env) }),
	}
}

// onceOK keeps the first success and tries again after a failure.
func onceOK[T any](open func() (T, error)) func() (T, error) {
	var mu sync.Mutex
	var value T
	var done bool
	return func() (T, error) {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return value, nil
		}
		v, err := open()
		if err == nil {
			value, done = v, true
		}
		return v, err
	}
}

// migrateUntilDone waits for the database for ever, like the real init container; the log says for what.
func migrateUntilDone(ctx context.Context, b *backends) error {
	for {
		err := migrate(ctx, b)
		if err == nil {
			log.Printf("database schema is at version %d", len(migrations))
			return nil
		}
		log.Printf("waiting for db: %v", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("database was not migrated: %w", err)
		case <-time.After(2 * time.Second):
		}
	}
}

// migrate holds a named lock of the server on one connection, so that of many pods one works and the others wait.
func migrate(ctx context.Context, b *backends) error {
	db, err := b.db()
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 10)", migrationLock).Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return errors.New("another pod is migrating")
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", migrationLock)
	if _, err := conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS standin_schema (
		version INT PRIMARY KEY, applied_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), applied_by VARCHAR(255) NOT NULL)`); err != nil {
		return err
	}
	var at int
	if err := conn.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM standin_schema").Scan(&at); err != nil {
		return err
	}
	for v := at + 1; v <= len(migrations); v++ {
		if _, err := conn.ExecContext(ctx, migrations[v-1]); err != nil {
			return fmt.Errorf("migration %d: %w", v, err)
		}
		if _, err := conn.ExecContext(ctx, "INSERT INTO standin_schema (version, applied_by) VALUES (?, ?)", v, podName()); err != nil {
			return fmt.Errorf("migration %d: %w", v, err)
		}
		log.Printf("migration %d of %d applied", v, len(migrations))
	}
	return nil
}

func checkDB(ctx context.Context, b *backends) (string, error) {
	db, err := b.db()
	if err != nil {
		return "", err
	}
	var server string
	var readOnly, at int
	if err := db.QueryRowContext(ctx, "SELECT VERSION(), @@GLOBAL.read_only").Scan(&server, &readOnly); err != nil {
		return "", err
	}
	if readOnly != 0 {
		return "", errors.New("the server is read-only: a standby, or fenced")
	}
	err = db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM standin_schema").Scan(&at)
	var e *mysql.MySQLError
	if errors.As(err, &e) && e.Number == 1146 {
		err = nil // no table yet: version 0
	}
	if err != nil {
		return "", err
	}
	if at < len(migrations) {
		return "", fmt.Errorf("schema version %d, expected %d: not migrated yet", at, len(migrations))
	}
	return "MySQL " + server, nil
}

func podName() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
