package loopback_test

import (
	"bufio"
	"errors"
	"net"
	"testing"
	"time"

	"parallax/internal/lab/loopback"
)

func TestProxyPassesUntilItHangs(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close() //nolint:errcheck // a test's
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close() //nolint:errcheck // a test's
				for lines := bufio.NewScanner(c); lines.Scan(); {
					_, _ = c.Write([]byte(lines.Text() + "\n"))
				}
			}()
		}
	}()
	p, err := loopback.NewProxy("tcp", echo.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	say := func(c net.Conn, text string) (string, error) {
		if _, err := c.Write([]byte(text + "\n")); err != nil {
			return "", err
		}
		_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		return bufio.NewReader(c).ReadString('\n')
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", p.Addr())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := dial()
	defer c.Close() //nolint:errcheck // a test's
	if got, err := say(c, "one"); got != "one\n" {
		t.Errorf("%q, %v", got, err)
	}
	p.Break()
	if got, err := say(c, "two"); err == nil {
		t.Errorf("a broken connection says %q", got)
	}
	c = dial()
	if got, err := say(c, "three"); got != "three\n" {
		t.Errorf("%q, %v", got, err)
	}
	p.Hang()
	_, err = say(c, "four")
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a hanging connection ends with %v", err)
	}
	if p.Accepted() != 2 || p.Passed() < 10 {
		t.Errorf("%d connections, %d bytes", p.Accepted(), p.Passed())
	}
}
