package aurora

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// countedConn counts what passes through a connection in both directions, encrypted where it is.
type countedConn struct {
	net.Conn
	moved atomic.Int64
}

func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.moved.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.moved.Add(int64(n))
	return n, err
}

func counting(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &countedConn{Conn: conn}, nil
	}
}

// count adds what a transaction moves from now until the returned function is called, if somebody counts and the connection
// can tell. What it took to open the connection is not counted.
func (s Source) count(tx pgx.Tx) func() {
	if s.meter == nil || tx.Conn() == nil {
		return func() {}
	}
	conn := tx.Conn().PgConn().Conn()
	if encrypted, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = encrypted.NetConn()
	}
	counted, ok := conn.(*countedConn)
	if !ok {
		return func() {}
	}
	before := counted.moved.Load()
	return func() { s.meter.Add(counted.moved.Load() - before) }
}
