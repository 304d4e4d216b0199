package delivery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// methods are the ways to log in that were given.
func (l SFTPLogin) methods() ([]ssh.AuthMethod, error) {
	var out []ssh.AuthMethod
	if len(l.Key) > 0 {
		signer, err := l.signer()
		if err != nil {
			return nil, err
		}
		out = append(out, ssh.PublicKeys(signer))
	}
	if l.Password != "" {
		answer := func(_, _ string, questions []string, _ []bool) ([]string, error) {
			return slices.Repeat([]string{l.Password}, len(questions)), nil
		}
		out = append(out, ssh.Password(l.Password), ssh.KeyboardInteractive(answer))
	}
	if len(out) == 0 {
		return nil, errors.New("sftp login: neither a private key nor a password was given")
	}
	return out, nil
}

func (l SFTPLogin) signer() (ssh.Signer, error) {
	var signer ssh.Signer
	var err error
	if len(l.Passphrase) > 0 {
		signer, err = ssh.ParsePrivateKeyWithPassphrase(l.Key, l.Passphrase)
	} else {
		signer, err = ssh.ParsePrivateKey(l.Key)
	}
	if missing := (*ssh.PassphraseMissingError)(nil); errors.As(err, &missing) {
		return nil, errors.New("sftp login: the private key needs a passphrase")
	}
	if err != nil {
		return nil, errors.New("sftp login: the private key cannot be read: wrong passphrase, or not a key in PEM") // the cause may quote the key
	}
	return signer, nil
}

// server is the check of the server's key, and the kinds of key to ask it for, one after the other: of several keys it would
// show one that is not on file.
func (l SFTPLogin) server(address string) (ssh.HostKeyCallback, [][]string, error) {
	switch {
	case l.KnownHosts != "":
		check, err := knownhosts.New(l.KnownHosts)
		if err != nil {
			return nil, nil, fmt.Errorf("sftp login: known hosts: %w", plain(err))
		}
		return check, [][]string{kinds(check, address)}, nil
	case strings.HasPrefix(l.Fingerprint, "SHA256:"):
		return func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if got := ssh.FingerprintSHA256(key); got != l.Fingerprint {
				return &fingerprintError{got: got, kind: key.Type()}
			}
			return nil
		}, everyKind(), nil
	default:
		return nil, nil, errors.New("sftp login: the server's key must be known: give a known_hosts file or a SHA256 fingerprint")
	}
}

// everyKind is for a fingerprint, which does not tell of what kind its key is.
func everyKind() [][]string {
	return [][]string{
		{ssh.KeyAlgoED25519},
		{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
		{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
	}
}

// otherKind reports whether a server may have the key that is expected among those it did not show.
func otherKind(err error) bool {
	var none *ssh.AlgorithmNegotiationError
	var other *fingerprintError
	return errors.As(err, &none) || errors.As(err, &other)
}

// kinds are the algorithms of the keys that are on file for a server.
func kinds(check ssh.HostKeyCallback, address string) []string {
	var known *knownhosts.KeyError
	if err := check(address, unresolved{}, noKey{}); !errors.As(err, &known) {
		return nil
	}
	var out []string
	for _, want := range known.Want {
		switch kind := want.Key.Type(); kind {
		case ssh.KeyAlgoRSA:
			out = append(out, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
		default:
			out = append(out, kind)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unresolved is the network address of a server that has not been asked yet.
type unresolved struct{}

func (unresolved) Network() string { return "tcp" }
func (unresolved) String() string  { return "0.0.0.0:0" }

// noKey is no server's.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }

// fingerprintError is of a server with another key.
type fingerprintError struct{ got, kind string }

func (e *fingerprintError) Error() string {
	return fmt.Sprintf("the server's key (%s) has the fingerprint %s, not the one that is expected", e.kind, e.got)
}

// permanent reports whether another attempt would come to the same.
func permanent(err error) bool {
	var unknown *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrChanged) ||
		errors.As(err, &unknown) || errors.As(err, &revoked) || otherKind(err) || refusedLogin(err)
}

// refusedLogin reports that no way to log in was accepted; the library has no type for it.
func refusedLogin(err error) bool { return strings.Contains(err.Error(), "unable to authenticate") }

// explain makes a Problem of an error. A caller's own cancellation stays what it is.
func (p *SFTP) explain(ctx context.Context, err error, verb, file string) error {
	if err == nil {
		return nil
	}
	what := fmt.Sprintf("%s sftp://%s%s", verb, p.address, rooted(file))
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", what, cause)
	}
	if errors.Is(err, ErrChanged) {
		return ErrChanged
	}
	reason, fix := p.reason(err)
	return &Problem{What: what + ": " + reason, Fix: fix, Err: err}
}

func (p *SFTP) reason(err error) (reason, fix string) {
	var unknown *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	var other *fingerprintError
	var none *ssh.AlgorithmNegotiationError
	var network *net.OpError
	switch {
	case errors.As(err, &revoked):
		return "the server's key is marked as revoked in known_hosts", "ask the sender which key is right"
	case errors.As(err, &unknown) && len(unknown.Want) == 0:
		return "the server's key is not in known_hosts", "add the key (ssh-keyscan shows it) after comparing it with what the sender says"
	case errors.As(err, &unknown):
		return "the server's key is not the one in known_hosts", "ask the sender whether he has changed the key; if he has not, somebody else answers"
	case errors.As(err, &other):
		return other.Error(), "compare the fingerprint with what the sender says"
	case errors.As(err, &none) && none.What == "host key":
		return "the server has no key of the kind that is in known_hosts", "ask the sender whether he has changed the key; if he has not, somebody else answers"
	case errors.As(err, &none):
		return "the server offers no " + none.What + " that is still considered safe", "ask the sender to allow current algorithms"
	case refusedLogin(err):
		return "the login was refused", "check user, key and password, and that the sender has the public key"
	case errors.Is(err, errSilent):
		return fmt.Sprintf("no answer within %s", p.limits.Timeout), "check that the server can be reached and is fast enough, and run again"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied", "ask the sender to let this user read it"
	case errors.Is(err, fs.ErrNotExist):
		return "it does not exist", "check the folder in the feed's path"
	case errors.As(err, &network):
		return network.Op + ": " + root(network.Err).Error(), "check that the server can be reached, and run again"
	default:
		return root(err).Error(), "run again; if it persists, ask the sender"
	}
}

func rooted(file string) string {
	if strings.HasPrefix(file, "/") {
		return file
	}
	return "/~/" + file
}

// root leaves out the layers, which carry addresses and ports that differ from run to run.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
