package pgp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Keys are what a feed decrypts and verifies with, each armored or in binary. One of the two may be left out.
type Keys struct {
	Private    []byte // keys to decrypt with
	Passphrase []byte // of the private keys; empty where they have none
	Public     []byte // keys of the sender: with them, a file that none of them has signed is refused
}

// Decrypter opens messages. It may be used from any goroutine.
type Decrypter struct {
	keys   openpgp.EntityList
	signed bool // only signed messages are accepted
	config *packet.Config
}

// What is wrong with a message.
var (
	ErrUnsigned  = errors.New("is not signed, and the feed has the sender's key")
	ErrSignature = errors.New("is not signed by a key the feed has, or the signature does not verify")
	ErrAltered   = errors.New("was altered on its way, or is cut off")
)

// New reads the keys.
func New(k Keys) (*Decrypter, error) {
	d := &Decrypter{config: &packet.Config{}}
	if len(k.Private) > 0 || len(k.Public) == 0 {
		private, err := ring(k.Private)
		if err == nil {
			err = unlock(private, k.Passphrase)
		}
		if err != nil {
			return nil, fmt.Errorf("private key: %w", err)
		}
		d.keys = private
	}
	if len(k.Public) > 0 {
		public, err := ring(k.Public)
		if err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
		d.keys, d.signed = append(slices.Clone(d.keys), public...), true
	}
	return d, nil
}

func ring(data []byte) (openpgp.EntityList, error) {
	read := openpgp.ReadKeyRing
	if bytes.Contains(data, []byte("-----BEGIN PGP ")) {
		read = openpgp.ReadArmoredKeyRing
	}
	keys, err := read(bytes.NewReader(data))
	if err != nil || len(keys) == 0 {
		return nil, errors.New("is not an OpenPGP key, armored or binary") // the cause may quote what stands there
	}
	return keys, nil
}

func unlock(keys openpgp.EntityList, passphrase []byte) error {
	private := false
	for _, entity := range keys {
		if entity.PrivateKey == nil {
			continue
		}
		private = true
		if len(passphrase) > 0 {
			if err := entity.DecryptPrivateKeys(passphrase); err != nil {
				return errors.New("the passphrase does not fit")
			}
			continue
		}
		for _, sub := range entity.Subkeys {
			if sub.PrivateKey != nil && sub.PrivateKey.Encrypted {
				return errors.New("needs a passphrase")
			}
		}
		if entity.PrivateKey.Encrypted {
			return errors.New("needs a passphrase")
		}
	}
	if !private {
		return errors.New("is a public key")
	}
	return nil
}

// Signed reports that only signed files are accepted.
func (d *Decrypter) Signed() bool { return d.signed }

// Decrypt opens a message, armored or in binary. Only io.EOF of the returned reader says that it is whole and unaltered and,
// where the sender's keys were given, signed by one of them.
func (d *Decrypter) Decrypt(message io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(message, keyIDWindow)
	if start, _ := buffered.Peek(1); len(start) == 1 && start[0]&0x80 == 0 {
		block, err := armor.Decode(buffered)
		if err != nil {
			return nil, fmt.Errorf("armor: %w", cut(err))
		}
		buffered = bufio.NewReaderSize(block.Body, keyIDWindow)
	}
	start, err := buffered.Peek(keyIDWindow)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, cut(err)
	}
	ids := recipients(start)
	opened, err := openpgp.ReadMessage(buffered, d.keys, nil, d.config)
	switch {
	case errors.Is(err, pgperrors.ErrKeyIncorrect):
		return nil, &KeyError{Needed: ids, Have: d.ids()}
	case err != nil:
		return nil, cut(err)
	case d.signed && !opened.IsSigned:
		return nil, ErrUnsigned
	}
	return &body{message: opened, signed: d.signed}, nil
}

// body reads what a message holds and looks at its integrity and signature at the end.
type body struct {
	message *openpgp.MessageDetails
	signed  bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.message.UnverifiedBody.Read(p)
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, cut(err)
	case b.signed && (b.message.SignatureError != nil || !b.message.IsVerified || b.message.Signature == nil):
		return n, ErrSignature
	}
	return n, io.EOF
}

// cut keeps the library's words out of what a person sees, unless they are of a reader below.
func cut(err error) error {
	var structural pgperrors.StructuralError
	var unsupported pgperrors.UnsupportedError
	var signature pgperrors.SignatureError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.As(err, &unsupported):
		return fmt.Errorf("holds what is not supported: %s", string(unsupported))
	case errors.As(err, &structural), errors.As(err, &signature), errors.Is(err, pgperrors.ErrDecryptSessionKeyParsing), errors.Is(err, pgperrors.ErrMDCHashMismatch):
		return ErrAltered
	}
	return err
}

// keyIDWindow is how much of a message is looked at for the keys it is encrypted for.
const keyIDWindow = 32 << 10

// recipients are the ids of the keys that a message is encrypted for, as far as its beginning names them. An id of zero hides
// which key it is.
func recipients(start []byte) []string {
	var ids []string
	packets := packet.NewReader(bytes.NewReader(start))
	for range 100 {
		p, err := packets.Next()
		key, ok := p.(*packet.EncryptedKey)
		if err != nil || !ok {
			break
		}
		if key.KeyId == 0 {
			ids = append(ids, "hidden")
			continue
		}
		ids = append(ids, keyID(key.KeyId))
	}
	return ids
}

func keyID(id uint64) string { return fmt.Sprintf("%016X", id) }

// ids are the ids of the keys there are to decrypt with.
func (d *Decrypter) ids() []string {
	var out []string
	for _, entity := range d.keys {
		if entity.PrivateKey == nil {
			continue
		}
		out = append(out, keyID(entity.PrimaryKey.KeyId))
		for _, sub := range entity.Subkeys {
			if sub.PrivateKey != nil {
				out = append(out, keyID(sub.PublicKey.KeyId))
			}
		}
	}
	return out
}

// KeyError is of a message that is encrypted for other keys.
type KeyError struct {
	Needed []string // ids in hexadecimal; "hidden" where the message does not tell
	Have   []string
}

func (e *KeyError) Error() string {
	if len(e.Needed) == 0 {
		return "is encrypted with a passphrase alone, which is not read"
	}
	have := strings.Join(e.Have, ", ")
	if have == "" {
		have = "none"
	}
	return fmt.Sprintf("is encrypted for key %s; the feed has %s", strings.Join(e.Needed, ", "), have)
}

// Remedy is what a person can do.
func (e *KeyError) Remedy() string {
	if len(e.Needed) == 0 {
		return "let the sender encrypt for your public key"
	}
	return "give the feed the private key of one of these ids, or let the sender encrypt for the key it has"
}
