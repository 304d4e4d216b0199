package loopback_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"parallax/internal/lab/loopback"
)

func TestServesUntilStopped(t *testing.T) {
	address, stop, err := loopback.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }))
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(address)
	if err != nil || !net.ParseIP(at.Hostname()).IsLoopback() {
		t.Errorf("address %q: %v", address, err)
	}
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil || string(body) != "here" {
		t.Errorf("answer %q, %v", body, err)
	}
	stop()
	if conn, err := net.Dial("tcp", at.Host); err == nil {
		_ = conn.Close()
		t.Error("still listening")
	}
	stop() // again does nothing
}

func TestDelayEndsWhenTheClientLeaves(t *testing.T) {
	waited := make(chan bool, 2)
	address, stop, err := loopback.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		waited <- loopback.Delay(r, time.Millisecond)
		waited <- loopback.Delay(r, time.Hour)
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	impatient := http.Client{Timeout: 50 * time.Millisecond}
	if answer, err := impatient.Get(address); err == nil {
		_ = answer.Body.Close()
		t.Error("answered at once")
	}
	if first, second := <-waited, <-waited; !first || second {
		t.Errorf("waited to the end: %v, then %v", first, second)
	}
}
