package loopback

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// Proxy stands before a server and passes bytes on in both directions, until it is told to hang: then it still accepts
// connections and closes none, and not a byte gets through. That is how a region looks whose network is gone.
type Proxy struct {
	listener net.Listener
	network  string
	address  string
	after    atomic.Int64 // hangs once it has passed on this many bytes of answers; negative: never
	passed   atomic.Int64
	accepted atomic.Int64
	stopped  chan struct{}
	hanging  chan struct{} // closed when it hangs
	once     sync.Once
	all      sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// NewProxy listens on a free port of 127.0.0.1 for a server at an address, such as "unix" and the path of a socket.
func NewProxy(network, address string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{listener: listener, network: network, address: address, stopped: make(chan struct{}), hanging: make(chan struct{})}
	p.after.Store(-1)
	p.all.Add(1)
	go p.accept()
	return p, nil
}

// Addr is the host and port to connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Hang stops all that passes from now on.
func (p *Proxy) Hang() { p.once.Do(func() { close(p.hanging) }) }

// HangAfter lets it hang once it has passed on so many bytes of answers.
func (p *Proxy) HangAfter(bytes int64) { p.after.Store(bytes) }

// Passed is how many bytes of answers it has taken from the server.
func (p *Proxy) Passed() int64 { return p.passed.Load() }

// Accepted is how many connections it has taken.
func (p *Proxy) Accepted() int64 { return p.accepted.Load() }

// Break closes every connection; new ones are taken.
func (p *Proxy) Break() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close() // it is meant to break
	}
	p.conns = nil
}

// Close ends everything and returns when nothing runs any more.
func (p *Proxy) Close() {
	close(p.stopped)
	_ = p.listener.Close() // nothing is lost
	p.Break()
	p.all.Wait()
}

func (p *Proxy) accept() {
	defer p.all.Done()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.accepted.Add(1)
		server, err := net.Dial(p.network, p.address)
		if err != nil {
			_ = client.Close() // as a server that does not listen
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		p.all.Add(2)
		go p.pass(server, client, false)
		go p.pass(client, server, true)
	}
}

// pass copies what comes from one side to the other; while it hangs, it holds the bytes back and keeps the connection.
func (p *Proxy) pass(to, from net.Conn, answers bool) {
	defer p.all.Done()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if answers {
			passed := p.passed.Add(int64(n))
			if after := p.after.Load(); after >= 0 && passed > after {
				p.Hang()
			}
		}
		select {
		case <-p.hanging:
			<-p.stopped
			return
		case <-p.stopped:
			return
		default:
		}
		if err == nil || n > 0 {
			_, failed := to.Write(buffer[:n])
			err = errors.Join(err, failed)
		}
		if err != nil {
			_, _ = from.Close(), to.Close() // one side has gone
			return
		}
	}
}
