//go:build peers

package pgp_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"parallax/sources/settlement/unwrap"
	"parallax/sources/settlement/unwrap/pgp"
)

// gnupg is GnuPG with a home of its own.
type gnupg struct {
	t    *testing.T
	home string
}

func (g gnupg) run(input []byte, args ...string) []byte {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), "gpg", append([]string{"--batch", "--quiet", "--trust-model", "always", "--pinentry-mode", "loopback"}, args...)...)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+g.home)
	cmd.Stdin = bytes.NewReader(input)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		g.t.Fatalf("gpg %v: %v\n%s", args, err, complaint.String())
	}
	return out
}

// TestPeerGnuPG: what GnuPG encrypts and signs is read, whichever way it is asked to.
func TestPeerGnuPG(t *testing.T) {
	home, err := os.MkdirTemp("", "gpg") //nolint:usetesting // a short path: the socket of its agent goes there
	if err != nil {
		t.Fatal(err)
	}
	g := gnupg{t, home}
	t.Cleanup(func() {
		cmd := exec.Command("gpgconf", "--kill", "all")
		cmd.Env = append(os.Environ(), "GNUPGHOME="+home)
		_ = cmd.Run()
		_ = os.RemoveAll(home)
	})
	g.run(nil, "--passphrase", "open", "--quick-gen-key", "us@example.com", "default", "default", "never")
	g.run(nil, "--passphrase", "", "--quick-gen-key", "they@example.com", "default", "default", "never")
	secret := g.run(nil, "--passphrase", "open", "--armor", "--export-secret-keys", "us@example.com")
	sender := g.run(nil, "--export", "they@example.com")
	body := text(300_000)
	encrypted := pgp.Keys{Private: secret, Passphrase: []byte("open")}
	verified := pgp.Keys{Private: secret, Passphrase: []byte("open"), Public: sender}
	for name, c := range map[string]struct {
		keys pgp.Keys
		args []string
	}{
		"encrypted":        {encrypted, []string{"-r", "us@example.com", "-e"}},
		"armored, signed":  {verified, []string{"-r", "us@example.com", "-u", "they@example.com", "-s", "-e", "-a"}},
		"for two":          {encrypted, []string{"-r", "they@example.com", "-r", "us@example.com", "-e"}},
		"hidden recipient": {encrypted, []string{"-R", "us@example.com", "-e"}},
		"not compressed":   {verified, []string{"-r", "us@example.com", "-u", "they@example.com", "-s", "-e", "--compress-algo", "none"}},
		"bzip2":            {encrypted, []string{"-r", "us@example.com", "-e", "--compress-algo", "bzip2"}},
		"signed alone":     {pgp.Keys{Public: sender}, []string{"-u", "they@example.com", "-s"}},
	} {
		message := g.run(body, c.args...)
		if got, err := read(opener(t, c.keys), message); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if _, err := read(opener(t, c.keys), message[:len(message)-60]); err == nil || unwrap.Remedy(err) == "" {
			t.Errorf("%s, cut: %v", name, err)
		}
	}
}
