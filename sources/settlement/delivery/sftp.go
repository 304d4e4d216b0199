package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// SFTPLogin is how a server is logged in to, and how it proves who it is, which cannot be left out.
type SFTPLogin struct {
	KnownHosts  string // file in the form of OpenSSH's known_hosts that holds the server's key
	Fingerprint string // or the key's fingerprint, "SHA256:..." as ssh-keygen -l shows it
	Key         []byte // private key in PEM
	Passphrase  []byte // of the private key
	Password    string
}

// SFTPLimits bound the requests.
type SFTPLimits struct {
	Timeout   time.Duration // of the login, and of each request; 0 means 30 s
	Keepalive time.Duration // between signs of life while nothing is asked; 0 means 15 s
	Retries   int           // further attempts of a request, on a new connection
	Backoff   time.Duration // before the first of them, doubling; 0 means a second
}

// SFTP is the files of a server's folder whose names match a pattern. One connection serves all; where it breaks off, a new
// one goes on at the offset, if the file still has the size and time of the listing.
type SFTP struct {
	address string // host:port
	folder  string
	pattern string // of base names
	config  *ssh.ClientConfig
	kinds   [][]string // of the server's key, to ask for one after the other
	limits  SFTPLimits
	session *session // nil while there is no connection
}

var _ Place = (*SFTP)(nil)

// NewSFTP is the files that an address such as sftp://user@host:22/folder/*.ipm names. The folder is as the server shows it;
// one that begins with /~/ is below the user's own.
func NewSFTP(address string, login SFTPLogin, limits SFTPLimits) (*SFTP, error) {
	user, host, whole, err := parseSFTP(address)
	if err != nil {
		return nil, err
	}
	limits.Timeout = cmp.Or(limits.Timeout, 30*time.Second)
	limits.Keepalive = cmp.Or(limits.Keepalive, 15*time.Second)
	limits.Backoff = cmp.Or(limits.Backoff, time.Second)
	config := &ssh.ClientConfig{User: user, Timeout: limits.Timeout, ClientVersion: "SSH-2.0-parallax"}
	if config.Auth, err = login.methods(); err != nil {
		return nil, err
	}
	p := &SFTP{address: host, folder: path.Dir(whole), pattern: path.Base(whole), config: config, limits: limits}
	if config.HostKeyCallback, p.kinds, err = login.server(host); err != nil {
		return nil, err
	}
	return p, nil
}

func parseSFTP(address string) (user, host, whole string, err error) {
	rest, found := strings.CutPrefix(address, "sftp://")
	server, file, below := strings.Cut(rest, "/") // by hand: the pattern may hold a question mark
	u, parseErr := url.Parse("sftp://" + server)
	if !found || !below || parseErr != nil || u.User.Username() == "" || u.Hostname() == "" || file == "" || strings.HasSuffix(file, "/") {
		return "", "", "", &PatternError{Pattern: "sftp", Err: errors.New("is not of the form sftp://user@host:22/folder/*.ipm")}
	}
	if _, has := u.User.Password(); has {
		return "", "", "", &PatternError{Pattern: "sftp", Err: errors.New("must not hold the password")}
	}
	whole = "/" + file
	if home, below := strings.CutPrefix(file, "~/"); below {
		whole = home
	}
	if _, err := path.Match(path.Base(whole), ""); err != nil {
		return "", "", "", &PatternError{Pattern: whole, Err: err}
	}
	if strings.ContainsAny(path.Dir(whole), `*?[\`) {
		return "", "", "", &PatternError{Pattern: whole, Err: errors.New("may have wildcards in the file name alone, not in the folder")}
	}
	return u.User.Username(), net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "22")), whole, nil
}

// Pattern is that of the base names.
func (p *SFTP) Pattern() string { return p.pattern }

// List lists the folder once. A link counts as what it leads to.
func (p *SFTP) List(ctx context.Context) (Listing, error) {
	var out Listing
	err := p.do(ctx, func(s *session) error {
		out = Listing{At: time.Now().UTC()} // the protocol has no clock
		entries, err := s.sftp.ReadDirContext(ctx, p.folder)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if matched, err := path.Match(p.pattern, entry.Name()); err != nil || !matched {
				continue
			}
			f := File{Name: entry.Name(), Path: path.Join(p.folder, entry.Name())}
			if entry.Mode()&os.ModeSymlink != 0 {
				if entry, err = s.sftp.Stat(f.Path); err != nil {
					out.Files = append(out.Files, f)
					continue
				}
			}
			f.Size, f.Modified, f.Regular = entry.Size(), entry.ModTime().UTC(), entry.Mode().IsRegular()
			out.Files = append(out.Files, f)
		}
		return nil
	})
	if err != nil {
		return Listing{}, p.explain(ctx, err, "list", p.folder)
	}
	slices.SortFunc(out.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return out, nil
}

// Open reads a file in pieces. Size and time are compared each time it is opened on a connection, and by Check.
func (p *SFTP) Open(ctx context.Context, f File, offset int64) (io.ReadCloser, error) {
	if !f.Regular {
		return nil, errors.New("it is not a regular file")
	}
	r := &sftpReader{place: p, file: f}
	r.chunks = newChunks(ctx, f.Size, offset, r.fetch)
	return r, nil
}

// sftpReader is one file that is being read.
type sftpReader struct {
	*chunks

	place  *SFTP
	file   File
	opened *session // the connection that handle is of
	handle *sftp.File
}

func (r *sftpReader) fetch(ctx context.Context, into []byte, offset int64) error {
	err := r.place.do(ctx, func(s *session) error {
		if err := r.on(s); err != nil {
			return err
		}
		_, err := r.handle.ReadAt(into, offset)
		if errors.Is(err, io.EOF) {
			return ErrChanged // it ends before its size
		}
		return err
	})
	return r.place.explain(ctx, err, "get", r.file.Path)
}

// on opens the file on a connection, if it is not open there yet.
func (r *sftpReader) on(s *session) error {
	if r.opened == s {
		return nil
	}
	handle, err := s.sftp.Open(r.file.Path)
	if err != nil {
		return err
	}
	info, err := handle.Stat()
	if err == nil && !unchanged(r.file, info) {
		err = ErrChanged
	}
	if err != nil {
		_ = handle.Close()
		return err
	}
	r.opened, r.handle = s, handle
	return nil
}

// Close closes the file on the server too, where the connection still stands.
func (r *sftpReader) Close() error {
	if r.handle != nil && r.opened == r.place.session {
		handle := r.handle
		_ = r.opened.within(context.Background(), r.place.limits.Timeout, handle.Close) // nothing was written
	}
	r.handle, r.opened = nil, nil
	return r.chunks.Close()
}

func unchanged(f File, now os.FileInfo) bool {
	return now.Size() == f.Size && now.ModTime().Equal(f.Modified)
}

// Check asks for size and time once more.
func (p *SFTP) Check(ctx context.Context, f File) error {
	var now os.FileInfo
	err := p.do(ctx, func(s *session) (err error) {
		now, err = s.sftp.Stat(f.Path)
		return err
	})
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && !unchanged(f, now):
		return ErrChanged
	case err != nil:
		return p.explain(ctx, err, "look at", f.Path)
	}
	return nil
}

// Close ends the connection.
func (p *SFTP) Close() error {
	if p.session != nil {
		p.session.close()
		p.session = nil
	}
	return nil
}

// do makes a request, and again on a new connection after what may pass.
func (p *SFTP) do(ctx context.Context, request func(*session) error) error {
	delay := p.limits.Backoff
	for attempt := 0; ; attempt++ {
		err := p.once(ctx, request)
		switch {
		case err == nil || permanent(err):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		_ = p.Close()
		if attempt >= p.limits.Retries {
			return err
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
		delay = min(2*delay, time.Minute)
	}
}

func (p *SFTP) once(ctx context.Context, request func(*session) error) error {
	if p.session == nil {
		if err := p.connect(ctx); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
	}
	return p.session.within(ctx, p.limits.Timeout, func() error { return request(p.session) })
}

// connect dials, again for each kind of key that the server may have.
func (p *SFTP) connect(ctx context.Context) error {
	var wrong error
	for _, kinds := range p.kinds {
		config := *p.config
		config.HostKeyAlgorithms = kinds
		session, err := dial(ctx, p.address, &config, p.limits)
		if !otherKind(err) {
			p.session = session
			return err
		}
		if shown := (*fingerprintError)(nil); wrong == nil || errors.As(err, &shown) {
			wrong = err
		}
	}
	return wrong
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
