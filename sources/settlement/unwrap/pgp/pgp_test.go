package pgp_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/klauspost/compress/gzip"

	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/unwrap"
	"parallax/sources/settlement/unwrap/pgp"
)

func entity(t *testing.T, name string, config *packet.Config) *openpgp.Entity {
	t.Helper()
	if config == nil {
		config = &packet.Config{}
	}
	if config.Algorithm == 0 && !config.V6Keys {
		config.Algorithm = packet.PubKeyAlgoEdDSA // quick
	}
	e, err := openpgp.NewEntity(name, "", name+"@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func private(t *testing.T, e *openpgp.Entity, passphrase string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.SerializePrivate(&out, nil); err != nil {
		t.Fatal(err)
	}
	if passphrase == "" {
		return out.Bytes()
	}
	keys, err := openpgp.ReadKeyRing(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := keys[0].EncryptPrivateKeys([]byte(passphrase), nil); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := keys[0].SerializePrivateWithoutSigning(&out, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func public(t *testing.T, e *openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func armored(t *testing.T, kind string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), '\n')
}

func encrypt(t *testing.T, body []byte, to []*openpgp.Entity, by *openpgp.Entity, config *packet.Config) []byte {
	t.Helper()
	var out bytes.Buffer
	var signers []*openpgp.Entity
	if by != nil {
		signers = append(signers, by)
	}
	w, err := openpgp.EncryptWithParams(&out, to, nil, &openpgp.EncryptParams{Signers: signers, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sign(t *testing.T, body []byte, by *openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := openpgp.Sign(&out, []*openpgp.Entity{by}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func opener(t *testing.T, k pgp.Keys) *unwrap.Opener {
	t.Helper()
	d, err := pgp.New(k)
	if err != nil {
		t.Fatal(err)
	}
	return unwrap.New(d, unwrap.Limits{})
}

func read(o *unwrap.Opener, data []byte) ([]byte, error) {
	var c decode.Content = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	r, err := o.Content(c)()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func text(n int) []byte {
	var out bytes.Buffer
	for i := 0; out.Len() < n; i++ {
		fmt.Fprintf(&out, "%d,payment-%x,%d\n", i, i*7919, i%97)
	}
	return out.Bytes()[:n]
}

func compressed(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestEveryKindOfMessage(t *testing.T) {
	body := text(200_000)
	for name, config := range map[string]*packet.Config{
		"mdc":        {},
		"rsa":        {Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048},
		"compressed": {DefaultCompressionAlgo: packet.CompressionZLIB},
		"aead":       {AEADConfig: &packet.AEADConfig{}},
		"version 6":  {Algorithm: packet.PubKeyAlgoEd25519, V6Keys: true, AEADConfig: &packet.AEADConfig{}},
	} {
		t.Run(name, func(t *testing.T) {
			us, they := entity(t, "us", config), entity(t, "they", config)
			binary := encrypt(t, body, []*openpgp.Entity{us}, they, config)
			plain := encrypt(t, body, []*openpgp.Entity{they, us}, nil, config)
			keys := pgp.Keys{Private: private(t, us, "")}
			verifying := pgp.Keys{Private: armored(t, "PGP PRIVATE KEY BLOCK", private(t, us, "open")), Passphrase: []byte("open"), Public: armored(t, "PGP PUBLIC KEY BLOCK", public(t, they))}
			for what, c := range map[string]struct {
				keys pgp.Keys
				data []byte
			}{
				"signed":             {keys, binary},
				"unsigned":           {keys, plain},
				"armored":            {keys, armored(t, "PGP MESSAGE", plain)},
				"verified":           {verifying, binary},
				"verified, armored":  {verifying, armored(t, "PGP MESSAGE", binary)},
				"signed alone":       {pgp.Keys{Public: public(t, they)}, sign(t, body, they)},
				"in gzip":            {verifying, compressed(t, binary)},
				"armored in gzip":    {keys, compressed(t, armored(t, "PGP MESSAGE", plain))},
				"gzip inside":        {verifying, encrypt(t, compressed(t, body), []*openpgp.Entity{us}, they, config)},
				"message inside one": {keys, encrypt(t, plain, []*openpgp.Entity{us}, nil, config)},
			} {
				if got, err := read(opener(t, c.keys), c.data); err != nil || !bytes.Equal(got, body) {
					t.Errorf("%s: %d bytes, %v", what, len(got), err)
				}
			}
		})
	}
}

func TestKeysThatDoNotFit(t *testing.T) {
	us, they, others := entity(t, "us", nil), entity(t, "they", nil), entity(t, "others", nil)
	body := text(3000)
	signed := encrypt(t, body, []*openpgp.Entity{us}, they, nil)
	plain := encrypt(t, body, []*openpgp.Entity{us}, nil, nil)
	var symmetric bytes.Buffer
	w, err := openpgp.SymmetricallyEncrypt(&symmetric, []byte("open"), nil, nil)
	if err == nil {
		_, err = w.Write(body)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	needed := fmt.Sprintf("%016X", us.Subkeys[0].PublicKey.KeyId)
	for name, c := range map[string]struct {
		keys         pgp.Keys
		data         []byte
		says, remedy string
	}{
		"another's":         {pgp.Keys{Private: private(t, they, "")}, plain, "is encrypted for key " + needed + "; the feed has ", "private key of one of these ids"},
		"another's, gzip":   {pgp.Keys{Private: private(t, they, "")}, compressed(t, plain), needed, "private key of one of these ids"},
		"passphrase alone":  {pgp.Keys{Private: private(t, us, "")}, symmetric.Bytes(), "passphrase alone", "encrypt for your public key"},
		"unsigned":          {pgp.Keys{Private: private(t, us, ""), Public: public(t, they)}, plain, "is not signed", "again"},
		"not a message":     {pgp.Keys{Public: public(t, they)}, body, "is not signed", "sign its files"},
		"gzip alone":        {pgp.Keys{Private: private(t, us, ""), Public: public(t, they)}, compressed(t, body), "is not signed", "sign its files"},
		"no private key":    {pgp.Keys{Public: public(t, they)}, signed, needed + "; the feed has none", "private key of one of these ids"},
		"signed by another": {pgp.Keys{Private: private(t, us, ""), Public: public(t, others)}, signed, "not signed by a key the feed has", "again"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(opener(t, c.keys), c.data)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(unwrap.Remedy(err), c.remedy) {
				t.Errorf("%v; %s", err, unwrap.Remedy(err))
			}
		})
	}
}

// Cut or altered anywhere, a message is never taken for a whole one.
func TestCutOrAltered(t *testing.T) {
	packed := &packet.Config{DefaultCompressionAlgo: packet.CompressionZIP}
	us, they := entity(t, "us", packed), entity(t, "they", nil)
	body := text(700)
	aead := &packet.Config{AEADConfig: &packet.AEADConfig{}}
	for name, c := range map[string]struct {
		data []byte
		keys pgp.Keys
	}{
		"mdc":        {encrypt(t, body, []*openpgp.Entity{us}, nil, nil), pgp.Keys{Private: private(t, us, "")}},
		"aead":       {encrypt(t, body, []*openpgp.Entity{us}, nil, aead), pgp.Keys{Private: private(t, us, "")}},
		"signed":     {encrypt(t, body, []*openpgp.Entity{us}, they, nil), pgp.Keys{Private: private(t, us, ""), Public: public(t, they)}},
		"compressed": {encrypt(t, body, []*openpgp.Entity{us}, nil, packed), pgp.Keys{Private: private(t, us, "")}},
	} {
		t.Run(name, func(t *testing.T) {
			o := opener(t, c.keys)
			for n := 16; n < len(c.data); n++ {
				if got, err := read(o, c.data[:n]); err == nil {
					t.Fatalf("cut to %d of %d bytes it gives %d bytes of content", n, len(c.data), len(got))
				}
			}
			for i := range c.data {
				broken := bytes.Clone(c.data)
				broken[i] ^= 0x04
				if got, err := read(o, broken); err == nil && !bytes.Equal(got, body) && !bytes.Equal(got, broken) {
					t.Fatalf("with byte %d altered it gives %d bytes of other content", i, len(got))
				}
			}
		})
	}
}

func TestKeys(t *testing.T) {
	us := entity(t, "us", nil)
	for name, c := range map[string]struct {
		keys pgp.Keys
		says string
	}{
		"none":             {pgp.Keys{}, "private key: is not an OpenPGP key"},
		"garbage":          {pgp.Keys{Private: []byte("secret")}, "private key: is not an OpenPGP key"},
		"a public one":     {pgp.Keys{Private: public(t, us)}, "private key: is a public key"},
		"locked":           {pgp.Keys{Private: private(t, us, "open")}, "private key: needs a passphrase"},
		"wrong passphrase": {pgp.Keys{Private: private(t, us, "open"), Passphrase: []byte("secret")}, "private key: the passphrase does not fit"},
		"bad public key":   {pgp.Keys{Private: private(t, us, ""), Public: []byte("secret")}, "public key: is not an OpenPGP key"},
	} {
		_, err := pgp.New(c.keys)
		if err == nil || err.Error() == "" || !strings.HasPrefix(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A bomb inside of a message is one too.
func TestBomb(t *testing.T) {
	packed := &packet.Config{DefaultCompressionAlgo: packet.CompressionZLIB}
	us := entity(t, "us", packed) // what a key does not ask for is not used
	for name, config := range map[string]*packet.Config{"compressed by OpenPGP": packed, "gzip": nil} {
		body := make([]byte, 50<<20)
		if config == nil {
			body = compressed(t, body)
		}
		_, err := read(opener(t, pgp.Keys{Private: private(t, us, "")}), encrypt(t, body, []*openpgp.Entity{us}, nil, config))
		if !errors.Is(err, unwrap.ErrBomb) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
