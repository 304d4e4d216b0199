// Package loopback serves the lab's stand-ins over HTTP on this machine only.
package loopback

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Serve answers on a free port of 127.0.0.1; stop closes it and its connections, and returns when nobody listens any more.
func Serve(h http.Handler) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // returns when closed
	}()
	stop = func() {
		_ = server.Close()
		<-done
	}
	return "http://" + listener.Addr().String(), stop, nil
}

// Delay holds an answer back; it reports false when the client has gone meanwhile.
func Delay(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// Answer writes an answer whose other headers are set. With cut the connection ends half-way through it.
func Answer(w http.ResponseWriter, status int, body []byte, cut bool) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if cut {
		_, _ = w.Write(body[:len(body)/2]) // the client is to see a broken answer in any case
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // the way net/http offers to drop a connection in the middle of an answer
	}
	_, _ = w.Write(body) // a client that has gone is no concern of the server
}
