package delivery_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"parallax/sources/settlement/delivery"
	"parallax/sources/settlement/delivery/deliverytest"
)

func limits() delivery.SFTPLimits {
	return delivery.SFTPLimits{Timeout: 30 * time.Second, Retries: 3, Backoff: time.Millisecond}
}

// login knows the second key of the server: the one it does not show first.
func login(t *testing.T, s *deliverytest.Server) delivery.SFTPLogin {
	t.Helper()
	return delivery.SFTPLogin{KnownHosts: s.KnownHosts(t, s.Host[1]), Key: s.Key}
}

func server(t *testing.T, s *deliverytest.Server, pattern string, l delivery.SFTPLogin) *delivery.SFTP {
	t.Helper()
	p, err := delivery.NewSFTP("sftp://acquirer@"+s.Address+pattern, l, limits())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func put(t *testing.T, dir, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSFTPReads(t *testing.T) {
	s := deliverytest.NewServer(t)
	dir := t.TempDir()
	body := pattern(3 << 20)
	put(t, dir, "b.ipm", body)
	put(t, dir, "a.ipm", []byte("abc"))
	put(t, dir, "c.csv", nil)
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "d.ipm"), 0o700), os.Symlink("b.ipm", filepath.Join(dir, "e.ipm")), os.Symlink("nowhere", filepath.Join(dir, "f.ipm"))); err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]delivery.SFTPLogin{
		"key":         login(t, s),
		"password":    {KnownHosts: s.KnownHosts(t, s.Host...), Password: s.Password},
		"rsa":         {KnownHosts: s.KnownHosts(t, s.Host[0]), Password: s.Password},
		"fingerprint": {Fingerprint: ssh.FingerprintSHA256(s.Host[1]), Password: s.Password},
	} {
		t.Run(name, func(t *testing.T) {
			p := server(t, s, dir+"/*.ipm", l)
			files, paths := list(t, p)
			if want := strings.ReplaceAll("D/a.ipm D/b.ipm D/d.ipm D/e.ipm D/f.ipm", "D", dir); paths != want || p.Pattern() != "*.ipm" {
				t.Fatalf("listed %s", paths)
			}
			for i, want := range [][]byte{[]byte("abc"), body, nil, body, nil} {
				got, err := readAll(t.Context(), p, files[i], 1)
				if want == nil {
					if err == nil || files[i].Regular {
						t.Errorf("%s is a file", files[i].Path)
					}
					continue
				}
				if err != nil || !bytes.Equal(got, want[1:]) {
					t.Errorf("%s: %d bytes, %v", files[i].Path, len(got), err)
				}
				if err := p.Check(t.Context(), files[i]); err != nil {
					t.Errorf("%s: %v", files[i].Path, err)
				}
			}
		})
	}
}

// A connection that breaks is replaced, and reading goes on at the offset.
func TestSFTPGoesOnWhereItBrokeOff(t *testing.T) {
	s := deliverytest.NewServer(t)
	dir := t.TempDir()
	body := pattern(5 << 20)
	put(t, dir, "a.ipm", body)
	p := server(t, s, dir+"/*", login(t, s))
	s.Cut(func(connection int) int { return map[int]int{1: 1_000_000, 2: 900_000}[connection] })
	files, _ := list(t, p)
	got, err := readAll(t.Context(), p, files[0], 0)
	if err != nil || !bytes.Equal(got, body) || s.Connections() != 3 {
		t.Errorf("%d bytes over %d connections, %v", len(got), s.Connections(), err)
	}
	s.Drop()
	if err := p.Check(t.Context(), files[0]); err != nil {
		t.Errorf("after the connection was dropped: %v", err)
	}
	s.Cut(func(int) int { return 300_000 })
	s.Drop()
	if _, err := readAll(t.Context(), p, files[0], 0); err == nil || !strings.Contains(err.Error(), "get sftp://"+s.Address+dir+"/a.ipm: ") {
		t.Errorf("always cut: %v", err)
	}
}

// A file that changes between two pieces, on another connection or on the same, is not read on.
func TestSFTPFileChanges(t *testing.T) {
	s := deliverytest.NewServer(t)
	dir := t.TempDir()
	path := put(t, dir, "a.ipm", pattern(5<<20))
	p := server(t, s, dir+"/*", login(t, s))
	files, _ := list(t, p)
	r, err := p.Open(t.Context(), files[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if _, err := r.Read(buf); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "a.ipm", pattern(5 << 20)[:2<<20])
	if err := os.Chtimes(path, noon, noon); err != nil {
		t.Fatal(err)
	}
	rest := &bytes.Buffer{}
	if _, err := rest.ReadFrom(r); !errors.Is(err, delivery.ErrChanged) {
		t.Errorf("cut on the same connection: %v", err)
	}
	_ = r.Close()
	if err := p.Check(t.Context(), files[0]); !errors.Is(err, delivery.ErrChanged) {
		t.Errorf("looked at again: %v", err)
	}
	if _, err := readAll(t.Context(), p, files[0], 0); !errors.Is(err, delivery.ErrChanged) {
		t.Errorf("opened again: %v", err)
	}
	put(t, dir, "a.ipm", pattern(5<<20)) // as large as it was, but at another time
	if err := os.Chtimes(path, noon, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(t.Context(), p, files[0], 0); !errors.Is(err, delivery.ErrChanged) {
		t.Errorf("replaced: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context(), files[0]); !errors.Is(err, delivery.ErrChanged) {
		t.Errorf("removed: %v", err)
	}
}

func TestSFTPProblems(t *testing.T) {
	s := deliverytest.NewServer(t)
	other := deliverytest.NewServer(t)
	dir := t.TempDir()
	good := login(t, s)
	for name, c := range map[string]struct {
		login        delivery.SFTPLogin
		pattern      string
		says, remedy string
	}{
		"unknown host":      {delivery.SFTPLogin{KnownHosts: other.KnownHosts(t, other.Host...), Key: s.Key}, dir + "/*", "not in known_hosts", "ssh-keyscan"},
		"other key":         {delivery.SFTPLogin{KnownHosts: s.KnownHosts(t, other.Host[1]), Key: s.Key}, dir + "/*", "not the one in known_hosts", "somebody else answers"},
		"other fingerprint": {delivery.SFTPLogin{Fingerprint: "SHA256:x", Key: s.Key}, dir + "/*", "not the one that is expected", "compare"},
		"only another kind": {delivery.SFTPLogin{KnownHosts: s.KnownHosts(t, ecdsaKey(t)), Key: s.Key}, dir + "/*", "no key of the kind", "somebody else answers"},
		"wrong password":    {delivery.SFTPLogin{KnownHosts: good.KnownHosts, Password: "guess"}, dir + "/*", "the login was refused", "check user, key and password"},
		"wrong key":         {delivery.SFTPLogin{KnownHosts: good.KnownHosts, Key: other.Key}, dir + "/*", "the login was refused", "public key"},
		"no folder":         {good, dir + "/nowhere/*", "it does not exist", "check the folder"},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.Connections()
			_, err := server(t, s, c.pattern, c.login).List(t.Context())
			var problem *delivery.Problem
			if !errors.As(err, &problem) || !strings.HasPrefix(err.Error(), "list sftp://"+s.Address+"/") || !strings.Contains(err.Error(), c.says) || !strings.Contains(problem.Remedy(), c.remedy) {
				t.Errorf("%v; %+v", err, problem)
			}
			if strings.Contains(err.Error(), "guess") {
				t.Error("the password is told")
			}
			if n := s.Connections() - before; n > 3 {
				t.Errorf("%d attempts at what cannot pass", n)
			}
		})
	}
}

func ecdsaKey(t *testing.T) ssh.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func TestSFTPSettings(t *testing.T) {
	s := deliverytest.NewServer(t)
	good := login(t, s)
	for name, c := range map[string]struct {
		address string
		login   delivery.SFTPLogin
		says    string
	}{
		"no host key":     {"sftp://u@h/x", delivery.SFTPLogin{Key: s.Key}, "the server's key must be known"},
		"weak print":      {"sftp://u@h/x", delivery.SFTPLogin{Key: s.Key, Fingerprint: "MD5:aa"}, "the server's key must be known"},
		"no known_hosts":  {"sftp://u@h/x", delivery.SFTPLogin{Key: s.Key, KnownHosts: "/nowhere"}, "known hosts: no such file"},
		"no credentials":  {"sftp://u@h/x", delivery.SFTPLogin{KnownHosts: good.KnownHosts}, "neither a private key nor a password"},
		"bad key":         {"sftp://u@h/x", delivery.SFTPLogin{KnownHosts: good.KnownHosts, Key: []byte("secret")}, "cannot be read"},
		"no user":         {"sftp://h/x", good, "not of the form"},
		"password in it":  {"sftp://u:p@h/x", good, "must not hold the password"},
		"no file":         {"sftp://u@h/in/", good, "not of the form"},
		"wild folder":     {"sftp://u@h/*/x", good, "in the file name alone"},
		"broken pattern":  {"sftp://u@h/in/[", good, "syntax error in pattern"},
		"other protocol":  {"ftp://u@h/in/x", good, "not of the form"},
		"nothing missing": {"sftp://u@h/~/in/?.ipm", good, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := delivery.NewSFTP(c.address, c.login, limits())
			if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A server that says nothing costs the time that is allowed, and a caller who stops waiting is not kept.
func TestSFTPSilent(t *testing.T) {
	s := deliverytest.NewServer(t)
	s.Stall()
	l := limits()
	l.Timeout, l.Retries = 50*time.Millisecond, 0
	p, err := delivery.NewSFTP("sftp://acquirer@"+s.Address+"/*", login(t, s), l)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.List(t.Context()); err == nil || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := server(t, s, "/*", login(t, s)).List(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Errorf("the caller stopped waiting: %v after %s", err, time.Since(began))
	}
}

// What stands between here and the server does not forget the connection, and a server that has gone is noticed.
func TestSFTPStaysAlive(t *testing.T) {
	s := deliverytest.NewServer(t)
	dir := t.TempDir()
	l := limits()
	l.Keepalive = time.Millisecond
	p, err := delivery.NewSFTP("sftp://acquirer@"+s.Address+dir+"/*", login(t, s), l)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 3 {
		list(t, p)
		time.Sleep(20 * time.Millisecond)
	}
	if s.Connections() != 1 {
		t.Errorf("%d connections", s.Connections())
	}
	s.Drop()
	time.Sleep(20 * time.Millisecond)
	if list(t, p); s.Connections() != 2 {
		t.Errorf("%d connections after one was dropped", s.Connections())
	}
}
