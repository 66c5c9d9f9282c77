// The lab's stand-in for W&B's closed server images. One binary plays every component of the
// operator-wandb chart: `standin app`, `standin api`, … ; `standin migrate` is the init container.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// version is set by build.sh; it always carries the suffix -standin.
var version = "dev-standin"

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC | log.Lmsgprefix)
	name := os.Getenv("STANDIN_COMPONENT")
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	log.SetPrefix(name + ": ")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	switch name {
	case "version":
		os.Stdout.WriteString(version + "\n")
	case "migrate":
		if err := migrateUntilDone(ctx, newBackends(os.Getenv)); err != nil {
			log.Fatal(err)
		}
	default:
		if err := serve(ctx, name); err != nil {
			log.Fatal(err)
		}
	}
}

func serve(ctx context.Context, name string) error {
	comp, ok := components[name]
	if !ok {
		return errors.New("unknown component " + name + "; known: " + knownComponents())
	}
	s := &server{name: name, comp: comp, backends: newBackends(os.Getenv), getenv: os.Getenv}
	if comp.migrates {
		go func() {
			if err := migrateUntilDone(ctx, s.backends); err != nil && ctx.Err() == nil {
				log.Print(err)
			}
		}()
	}
	if os.Getenv("STANDIN_WORKER") == "true" {
		go s.work(ctx)
		go s.sweep(ctx)
	}
	listen := os.Getenv("STANDIN_LISTEN")
	if listen == "" {
		listen = comp.listen
	}
	srv := &http.Server{Addr: listen, Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 180 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.ListenAndServe() }()
	log.Printf("stand-in %s listens on %s", version, listen)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// Not ready first, so that the endpoints controller takes this pod out before connections are refused.
	s.draining.Store(true)
	time.Sleep(drainTime())
	bye, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return srv.Shutdown(bye)
}

func drainTime() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("STANDIN_DRAIN")); err == nil {
		return d
	}
	return 3 * time.Second
}
