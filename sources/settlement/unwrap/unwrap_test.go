package unwrap_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/unwrap"
)

func file(data []byte) decode.Content {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

func read(o *unwrap.Opener, data []byte) ([]byte, error) {
	r, err := o.Content(file(data))()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func zip(t *testing.T, data []byte) []byte {
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

func zst(t *testing.T, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(data, nil)
}

// text is content that compresses, but not much.
func text(n int) []byte {
	var out bytes.Buffer
	for i := 0; out.Len() < n; i++ {
		fmt.Fprintf(&out, "%d,payment-%x,%d\n", i, i*7919, i%97)
	}
	return out.Bytes()[:n]
}

func TestContentIsToldByItsBytes(t *testing.T) {
	body := text(300_000)
	skippable := append([]byte{0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0}, "abc"...)
	for name, data := range map[string][]byte{
		"plain":           body,
		"gzip":            zip(t, body),
		"gzip members":    append(zip(t, body[:1000]), zip(t, body[1000:])...),
		"zstd":            zst(t, body),
		"zstd frames":     append(zst(t, body[:1000]), zst(t, body[1000:])...),
		"zstd skippable":  append(skippable, zst(t, body)...),
		"zstd in gzip":    zip(t, zst(t, body)),
		"gzip three deep": zip(t, zip(t, zip(t, body))),
	} {
		t.Run(name, func(t *testing.T) {
			c := unwrap.New(nil, unwrap.Limits{}).Content(file(data))
			for range 2 { // it can be opened again, and half way through
				r, err := c()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(r, make([]byte, 5000)); err != nil {
					t.Fatal(err)
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := read(unwrap.New(nil, unwrap.Limits{}), data); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// What only begins a little like a wrapping is passed on: clearing files, text in EBCDIC, Latin-1 and UTF-16, short files.
func TestPlainFiles(t *testing.T) {
	for _, data := range []string{
		"", "\x00", "\x1f", "\xc1", "\x28\xb5\x2f", "\x00\x00\x01\x00\xf1\xf2\xf4\xf0", "\xc1\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xd1\xd2\xd3", "\xc3\xe4\xd9\xd9\xc5\xd5\xc3\xe8\x6b\xc1",
		"\xff\xfea\x00", "\xfe\xff\x00a", "\xef\xbb\xbfa,b", "\xc3\x84nderung;Betrag\n", "\xc4nderung;Betrag\n", "\x85\x95\x84", "PK,amount\n", "-----BEGIN CERTIFICATE-----\n", "\x93\x94\n",
		"\xd2\x85\xa8\x6b\xc1\x94\x96\xa4\x95\xa3",
	} {
		got, err := read(unwrap.New(nil, unwrap.Limits{}), []byte(data))
		if err != nil || string(got) != data {
			t.Errorf("%q became %q, %v", data, got, err)
		}
	}
}

// Cut anywhere, a compressed file is an error and never a shorter file.
func TestTruncated(t *testing.T) {
	body := text(2000)
	for name, data := range map[string][]byte{"gzip": zip(t, body), "zstd": zst(t, body), "zstd in gzip": zip(t, zst(t, body))} {
		for n := 4; n < len(data); n++ {
			got, err := read(unwrap.New(nil, unwrap.Limits{}), data[:n])
			if !errors.Is(err, unwrap.ErrTruncated) || unwrap.Remedy(err) == "" {
				t.Fatalf("%s cut to %d of %d bytes: %d bytes of content, %v", name, n, len(data), len(got), err)
			}
		}
	}
}

func TestDamaged(t *testing.T) {
	body := text(2000)
	for name, data := range map[string][]byte{"gzip": zip(t, body), "zstd": zst(t, body)} {
		for i := 4; i < len(data); i++ {
			broken := bytes.Clone(data)
			broken[i] ^= 0x10
			if got, err := read(unwrap.New(nil, unwrap.Limits{}), broken); err == nil && !bytes.Equal(got, body) {
				t.Fatalf("%s with byte %d altered gives other content", name, i)
			}
		}
	}
	if _, err := read(unwrap.New(nil, unwrap.Limits{}), append(zip(t, body), "garbage"...)); err == nil {
		t.Error("garbage after the end was not noticed")
	}
}

// zeros is a file that compresses as well as a bomb does.
func zeros(n int) []byte { return make([]byte, n) }

func TestBombs(t *testing.T) {
	bomb := zip(t, zeros(100<<20)) // 1000 to one
	for name, c := range map[string]struct {
		data   []byte
		limits unwrap.Limits
		want   error
		says   string
	}{
		"gzip":                {bomb, unwrap.Limits{}, unwrap.ErrBomb, "ratio"},
		"zstd":                {zst(t, zeros(100<<20)), unwrap.Limits{}, unwrap.ErrBomb, "ratio"},
		"gzip in gzip":        {zip(t, bomb), unwrap.Limits{}, unwrap.ErrBomb, "ratio"},
		"inner one":           {zip(t, append(zip(t, text(100)), bomb...)), unwrap.Limits{}, unwrap.ErrBomb, "ratio"},
		"members":             {bytes.Repeat(zip(t, zeros(1<<20)), 50), unwrap.Limits{}, unwrap.ErrBomb, "ratio"},
		"allowed ratio":       {bomb, unwrap.Limits{Ratio: 2000}, nil, ""},
		"small and repeating": {zip(t, zeros(10<<20)), unwrap.Limits{}, nil, ""},
		"size":                {zip(t, text(3<<20)), unwrap.Limits{Size: 2 << 20}, unwrap.ErrTooLarge, "limit on the size"},
		"exactly the size":    {zip(t, text(2<<20)), unwrap.Limits{Size: 2 << 20}, nil, ""},
		"four deep":           {zip(t, zip(t, zip(t, zip(t, text(10))))), unwrap.Limits{}, unwrap.ErrTooDeep, "fewer wrappings"},
		"zip":                 {[]byte("PK\x03\x04rest"), unwrap.Limits{}, unwrap.ErrZip, "gzip or zstd"},
		"zip in gzip":         {zip(t, []byte("PK\x03\x04rest")), unwrap.Limits{}, unwrap.ErrZip, "gzip or zstd"},
		"no key":              {[]byte("-----BEGIN PGP MESSAGE-----\n\nx"), unwrap.Limits{}, unwrap.ErrNoKey, "private key"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := unwrap.New(nil, c.limits).Content(file(c.data))()
			var n int64
			if err == nil {
				n, err = io.Copy(io.Discard, r)
				_ = r.Close()
			}
			if !errors.Is(err, c.want) || !strings.Contains(unwrap.Remedy(err), c.says) {
				t.Errorf("%d bytes, %v; %s", n, err, unwrap.Remedy(err))
			}
			if errors.Is(err, unwrap.ErrBomb) && n > 25<<20 {
				t.Errorf("%d bytes came out first", n)
			}
		})
	}
}

// What goes wrong below all wrappings is told as it is.
func TestTroubleBelow(t *testing.T) {
	trouble := errors.New("connection lost")
	data := zip(t, zst(t, text(500_000)))
	c := unwrap.New(nil, unwrap.Limits{}).Content(func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(data[:len(data)/2]), broken{trouble})), nil
	})
	r, err := c()
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	if !errors.Is(err, trouble) || err.Error() != "connection lost" || unwrap.Remedy(err) != "" {
		t.Errorf("%v; %s", err, unwrap.Remedy(err))
	}
	c = unwrap.New(nil, unwrap.Limits{}).Content(func() (io.ReadCloser, error) { return nil, trouble })
	if _, err := c(); !errors.Is(err, trouble) {
		t.Error(err)
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func FuzzContent(f *testing.F) {
	var t testing.T
	for _, seed := range [][]byte{text(100), zip(&t, text(100)), zst(&t, text(100)), zip(&t, zst(&t, text(100))), []byte("-----BEGIN PGP MESSAGE-----\n\n"), {0xc1, 0xc0, 3}, {0x85, 0, 9, 3}} {
		f.Add(seed)
	}
	o := unwrap.New(nil, unwrap.Limits{Size: 1 << 20})
	f.Fuzz(func(t *testing.T, data []byte) {
		a, errA := read(o, data)
		b, errB := read(o, data)
		if !bytes.Equal(a, b) || (errA == nil) != (errB == nil) {
			t.Error("the same file gives other content")
		}
		if len(a) > 1<<20+64<<10 {
			t.Errorf("%d bytes over the limit", len(a))
		}
		if errA != nil && unwrap.Remedy(errA) == "" {
			t.Errorf("no remedy for %v", errA)
		}
	})
}
