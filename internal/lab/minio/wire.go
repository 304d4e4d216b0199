//go:build peers

package minio

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// wire is the network on the way to a server: replication goes over it, so that it can be cut while both servers answer
// everybody else.
type wire struct {
	listener net.Listener
	to       string // the server's address
	all      sync.WaitGroup

	mu     sync.Mutex
	state  wireState
	conns  map[net.Conn]bool
	change chan struct{} // closed when the state changes
}

type wireState int

const (
	wireWhole  wireState = iota
	wireCut              // every connection is closed
	wireSilent           // connections are taken, and nothing gets through
)

func newWire(to string) (*wire, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lay wire: %w", err)
	}
	w := &wire{listener: listener, to: to, conns: map[net.Conn]bool{}, change: make(chan struct{})}
	w.all.Go(w.accept)
	return w, nil
}

func (w *wire) address() string { return w.listener.Addr().String() }

// set changes the state and closes what is connected.
func (w *wire) set(state wireState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = state
	close(w.change)
	w.change = make(chan struct{})
	for c := range w.conns {
		_ = c.Close() // whoever holds it sees that it is closed
	}
}

func (w *wire) close() {
	_ = w.listener.Close() // nothing is lost
	w.set(wireCut)
	w.all.Wait()
}

func (w *wire) accept() {
	for {
		conn, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.all.Go(func() { w.serve(conn) })
	}
}

// serve joins a connection with the server, or holds it until the state changes.
func (w *wire) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }() // both ends have gone
	w.mu.Lock()
	state, change := w.state, w.change
	w.mu.Unlock()
	switch state {
	case wireCut:
		return
	case wireSilent:
		<-change
		return
	case wireWhole:
	}
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }() // as above
	if !w.hold(state, conn, server) {
		return
	}
	defer w.drop(conn, server)
	var both sync.WaitGroup
	for _, ends := range [][2]net.Conn{{conn, server}, {server, conn}} {
		both.Go(func() {
			_, _ = io.Copy(ends[0], ends[1]) // it ends when either is closed
			_, _ = conn.Close(), server.Close()
		})
	}
	both.Wait()
}

// hold keeps the connections to be closed, unless the state has changed meanwhile.
func (w *wire) hold(state wireState, conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state != state {
		return false
	}
	for _, c := range conns {
		w.conns[c] = true
	}
	return true
}

func (w *wire) drop(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		delete(w.conns, c)
	}
}
