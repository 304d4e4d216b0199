// Package unwrap takes the wrapping off settlement files while they are read: gzip, Zstandard and OpenPGP, also inside of
// one another. What a file is wrapped in is told by its first bytes, not by its name. Nothing is written to disk.
package unwrap

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"parallax/sources/settlement/decode"
)

// Decrypter opens an OpenPGP message. The reader it returns must end with an error instead of io.EOF where the message was
// altered, cut off or not signed as it must be.
type Decrypter interface {
	Decrypt(message io.Reader) (io.Reader, error)
	// Signed reports that files must be signed by the sender. One that is not an OpenPGP message at all is refused then.
	Signed() bool
}

// Limits bound what a file may grow to. Zero values mean the defaults.
type Limits struct {
	Size  int64 // bytes of content; default 8 GiB
	Ratio int64 // bytes of content for each byte of the file, once there are more than 10 MB of content; default 200
	Depth int   // wrappings inside of one another; default 3
}

// The defaults of Limits.
const (
	DefaultSize  = 8 << 30
	DefaultRatio = 200
	DefaultDepth = 3
)

// maxWindow is how far back a Zstandard frame may point, and so the memory it may take: what zstd --long allows for at most
// without the reader's consent. Source: RFC 8878, section 3.1.1.1.2; the manual of zstd.
const maxWindow = 128 << 20

// peek is how much of a file is looked at to tell what it is wrapped in.
const peek = 64

// What is wrong with a wrapping.
var (
	ErrTooLarge  = errors.New("content is larger than the limit")
	ErrBomb      = errors.New("content is too large for the size of the file")
	ErrTooDeep   = errors.New("too many wrappings inside of one another")
	ErrNoKey     = errors.New("is encrypted with OpenPGP, and the feed has no key")
	ErrUnsigned  = errors.New("is not signed, and the feed has the sender's key")
	ErrZip       = errors.New("is a ZIP archive, which is not read")
	ErrTruncated = errors.New("is cut off")
)

// Opener takes wrappings off. It holds nothing of a file and may be used from any goroutine.
type Opener struct {
	keys   Decrypter
	limits Limits
}

// New returns an opener. Without keys a file that is encrypted is ErrNoKey.
func New(keys Decrypter, limits Limits) *Opener {
	limits.Size = cmp.Or(limits.Size, DefaultSize)
	limits.Ratio = cmp.Or(limits.Ratio, DefaultRatio)
	limits.Depth = cmp.Or(limits.Depth, DefaultDepth)
	return &Opener{keys: keys, limits: limits}
}

// Content opens what a file holds; what is not wrapped is passed on as it is. That the file is whole is known only when
// the content has been read to its end.
func (o *Opener) Content(file decode.Content) decode.Content {
	return func() (io.ReadCloser, error) {
		raw, err := file()
		if err != nil {
			return nil, err
		}
		out := &content{raw: raw}
		if out.r, err = o.open(out); err != nil {
			_ = out.Close()
			return nil, err
		}
		return out, nil
	}
}

// content is one file that is being read.
type content struct {
	raw   io.ReadCloser
	read  int64 // bytes of raw
	err   error // of raw, other than its end: what the layers above make of it says less
	r     io.Reader
	close []func()
}

func (c *content) Read(p []byte) (int, error) { return c.r.Read(p) }

func (c *content) Close() error {
	for _, f := range c.close {
		f()
	}
	c.close = nil
	return c.raw.Close()
}

// counter counts what was taken from the file.
type counter struct{ *content }

func (c counter) Read(p []byte) (int, error) {
	n, err := c.raw.Read(p)
	c.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// cause is what went wrong below all wrappings, if anything did.
func (c *content) cause(err error) error {
	if c.err != nil {
		return c.err
	}
	return err
}

// open takes one wrapping after the other off.
func (o *Opener) open(c *content) (io.Reader, error) {
	var r io.Reader = counter{c}
	signed := o.keys == nil || !o.keys.Signed()
	for depth := 0; ; depth++ {
		buffered := bufio.NewReaderSize(r, 64<<10)
		start, err := buffered.Peek(peek)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, c.cause(err)
		}
		kind := kindOf(start)
		switch {
		case kind == plain && !signed:
			return nil, ErrUnsigned
		case kind == plain:
			return buffered, nil
		case kind == zip:
			return nil, ErrZip
		case depth == o.limits.Depth:
			return nil, fmt.Errorf("%w: more than %d", ErrTooDeep, o.limits.Depth)
		}
		inner, err := o.layer(c, kind, buffered)
		if err != nil {
			return nil, c.cause(named(kind, err))
		}
		signed = signed || kind == openpgp // the decrypter saw to it
		r = &limited{r: inner, kind: kind, file: c, limits: o.limits}
	}
}

// layer takes one wrapping off.
func (o *Opener) layer(c *content, kind kind, r io.Reader) (io.Reader, error) {
	switch kind {
	case gz:
		return gzip.NewReader(r)
	case zst:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		c.close = append(c.close, z.Close)
		return z, nil
	default:
		if o.keys == nil {
			return nil, ErrNoKey
		}
		return o.keys.Decrypt(r)
	}
}

// limited counts what comes out of one wrapping, and ends it where that is more than it may be.
type limited struct {
	r      io.Reader
	kind   kind
	out    int64
	file   *content
	limits Limits
	err    error
}

// ratioFrom is from how many bytes of content on the ratio counts: a small file of little content is no bomb.
const ratioFrom = 10 << 20

func (l *limited) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.r.Read(p)
	l.out += int64(n)
	switch {
	case l.out > l.limits.Size:
		n, err = 0, fmt.Errorf("%w of %d bytes", ErrTooLarge, l.limits.Size)
	case l.out > ratioFrom && l.out/l.limits.Ratio > l.file.read:
		n, err = 0, fmt.Errorf("%w: more than %d bytes for each of it", ErrBomb, l.limits.Ratio)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = l.file.cause(named(l.kind, err))
	}
	l.err = err
	return n, err
}

// named says in which wrapping something went wrong, once; the innermost one knows best.
func named(kind kind, err error) error {
	if errors.Is(err, ErrNoKey) {
		return err
	}
	if inner := (*Error)(nil); errors.As(err, &inner) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = ErrTruncated
	}
	return &Error{Wrapping: kind.String(), Err: err}
}

// Error says which wrapping could not be taken off.
type Error struct {
	Wrapping string // "gzip", "zstd", "OpenPGP"
	Err      error
}

func (e *Error) Error() string { return e.Wrapping + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Remedy is what a person can do about an error of this package, empty where it is another's.
func Remedy(err error) string {
	switch {
	case errors.Is(err, ErrZip):
		return "let the file be sent as it is, or compressed with gzip or zstd; or unpack it into the feed's folder"
	case errors.Is(err, ErrNoKey):
		return "give the feed the private key the file is encrypted for"
	case errors.Is(err, ErrUnsigned):
		return "ask the sender to sign its files; or, if it never does, take its key from the feed"
	case errors.Is(err, ErrTooLarge):
		return "raise the feed's limit on the size of content if a file may be that large"
	case errors.Is(err, ErrBomb):
		return "find out who made the file; raise the feed's limit on the ratio only if such a file is meant"
	case errors.Is(err, ErrTooDeep):
		return "let the file be sent with fewer wrappings"
	}
	var own interface{ Remedy() string }
	if errors.As(err, &own) {
		return own.Remedy()
	}
	if inner := (*Error)(nil); errors.As(err, &inner) {
		return "ask the sender for the file again and replace it"
	}
	return ""
}
