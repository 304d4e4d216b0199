package settlement

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/delivery"
	"parallax/sources/settlement/delivery/deliverytest"
	"parallax/sources/settlement/ipm"
	"parallax/sources/settlement/ipm/ipmtest"
	"parallax/sources/settlement/unwrap"
	"parallax/sources/sourcetest"
)

func overS3(t *testing.T, b *deliverytest.Bucket) delivery.Place {
	t.Helper()
	p, err := delivery.NewS3(b.Client(), "s3://inbox/in/m-*", delivery.S3Limits{Timeout: 30 * time.Second, Retries: 1, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func overSFTP(t *testing.T, s *deliverytest.Server, dir string) delivery.Place {
	t.Helper()
	p, err := delivery.NewSFTP("sftp://acquirer@"+s.Address+dir+"/m-*", delivery.SFTPLogin{KnownHosts: s.KnownHosts(t, s.Host...), Key: s.Key},
		delivery.SFTPLimits{Timeout: 30 * time.Second, Retries: 1, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func gzipped(t *testing.T, data []byte) []byte {
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

// TestExerciseDeliveries: wherever files come from and whatever they are wrapped in, a source conducts itself.
func TestExerciseDeliveries(t *testing.T) {
	bucket, server, f := deliverytest.NewBucket(t), deliverytest.NewServer(t), newFolder(t)
	data := gzipped(t, ipmtest.Good(2500, true, true))
	bucket.Put("in/m-1.ipm.gz", data, time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC))
	f.write("m-1.ipm.gz", data)
	at := func(place func(*testing.T) delivery.Place, buffer int) func(*testing.T) pipeline.Source[record.SettlementLine] {
		return func(t *testing.T) pipeline.Source[record.SettlementLine] {
			s := f.source()
			s.Place, s.Buffer = place(t), buffer
			return s
		}
	}
	inBucket := func(t *testing.T) delivery.Place { return overS3(t, bucket) }
	onServer := func(t *testing.T) delivery.Place { return overSFTP(t, server, f.dir) }
	for name, open := range map[string]func(*testing.T) pipeline.Source[record.SettlementLine]{
		"s3": at(inBucket, 0), "s3, read again": at(inBucket, -1), "sftp": at(onServer, 0), "sftp, read again": at(onServer, -1),
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Exercise(t, sourcetest.Case[record.SettlementLine]{
				Open: open, Window: testWindow(), Records: 2500,
				ID:       func(l record.SettlementLine) string { return l.File + ":" + strconv.FormatInt(l.Record, 10) },
				Timeless: func(record.SettlementLine) bool { return true },
				Stands:   lines,
				Unreachable: map[string]func(*testing.T) pipeline.Source[record.SettlementLine]{
					"no bucket": at(func(t *testing.T) delivery.Place {
						p, err := delivery.NewS3(bucket.Client(), "s3://outbox/m-*", delivery.S3Limits{Timeout: 30 * time.Second})
						if err != nil {
							t.Fatal(err)
						}
						return p
					}, 0),
					"no folder": at(func(t *testing.T) delivery.Place { return overSFTP(t, server, f.dir+"/nowhere") }, 0),
				},
			})
		})
	}
}

// TestChecksumIsOfTheDelivery: of the raw bytes, whatever the decoder reads of them and whatever they are wrapped in.
func TestChecksumIsOfTheDelivery(t *testing.T) {
	f := newFolder(t)
	plain := ipmtest.Good(3, false, false)
	f.write("m-1.ipm", plain)
	f.write("m-2.ipm.gz", gzipped(t, plain))
	f.write("m-3.ipm", plain[:300])
	s := f.source()
	if got := read(s); len(got.lines) != 3 {
		t.Errorf("%+v", got)
	}
	for i, data := range [][]byte{plain, gzipped(t, plain), plain[:300]} {
		if got, want := s.Files()[i].SHA256, hexSum(data); got != want {
			t.Errorf("%s: %s, want %s", s.Files()[i].Name, got, want)
		}
	}
	// The same file once plain and once compressed carries its id twice.
	if got := s.Files()[1]; got.Status != "duplicate" || !strings.Contains(got.Reason, "same file id") {
		t.Errorf("%+v", got)
	}
	// What the decoder did not come to is a part of it too.
	f = newFolder(t)
	large := append([]byte("garbage"), make([]byte, 1<<20)...)
	f.write("m-1.ipm", large)
	s = f.source()
	if got := read(s); len(got.gaps) != 1 || s.Files()[0].SHA256 != hexSum(large) {
		t.Errorf("%+v", s.Files())
	}
}

// lastWord is a decrypter that finds at the end that the message was altered.
type lastWord struct{}

var errAltered = errors.New("was altered")

func (d lastWord) Decrypt(message io.Reader) (io.Reader, error) {
	if _, err := io.CopyN(io.Discard, message, int64(len(pgpHead))); err != nil {
		return nil, err
	}
	return io.MultiReader(message, failing{}), nil
}

func (lastWord) Signed() bool { return false }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errAltered }

const pgpHead = "-----BEGIN PGP MESSAGE-----"

// TestIntegrityIsLookedAtBeforeUse: a decoder that stops at its trailer does not see what is wrong behind it.
func TestIntegrityIsLookedAtBeforeUse(t *testing.T) {
	f := newFolder(t)
	f.write("m-1.ipm", append([]byte(pgpHead), ipmtest.Good(3, false, false)...))
	s := f.source()
	s.Decode = func(c decode.Content, name, feed string, yield decode.Yield) (out decode.Summary, err error) {
		r, err := c()
		if err != nil {
			return out, err
		}
		defer r.Close()
		if _, err = io.ReadFull(r, make([]byte, 100)); err != nil {
			return out, err
		}
		out.Records, out.Lines = 1, 1
		return out, yield(record.SettlementLine{File: name, Record: 1})
	}
	s.Unwrap = unwrap.New(lastWord{}, unwrap.Limits{})
	read(s).expect(t, 0, []string{"decode m-1.ipm: OpenPGP: was altered"}, nil, []string{"m-1.ipm rejected"})
	s.Unwrap = nil
	got := read(s)
	if len(got.lines) != 0 || len(got.gaps) != 1 || !strings.Contains(got.gaps[0], "the feed has no key") {
		t.Errorf("%+v", got)
	}
}

// TestWrappedFilesThatAreCut: the gap says what to do.
func TestWrappedFilesThatAreCut(t *testing.T) {
	f := newFolder(t)
	data := gzipped(t, ipmtest.Good(300, false, false))
	f.write("m-1.ipm", data[:len(data)-1])
	f.write("m-2.ipm", []byte("PK\x03\x04"))
	got := read(f.source())
	if len(got.gaps) != 2 || !strings.Contains(got.gaps[0], "gzip: is cut off") || !strings.Contains(got.gaps[1], "is a ZIP archive") || len(got.lines) > 0 {
		t.Errorf("%+v", got)
	}
}

// TestTroubleOnTheWay: what cannot be fetched is a gap that says what to do, and not a file that is bad.
func TestTroubleOnTheWay(t *testing.T) {
	b := deliverytest.NewBucket(t)
	b.Put("in/m-1.ipm", ipmtest.Good(3, false, false), time.Time{})
	b.Put("in/m-2.ipm.gz", gzipped(t, ipmtest.Good(3, false, false)), time.Time{})
	s := newFolder(t).source()
	s.Place = overS3(t, b)
	for code, want := range map[string]string{"AccessDenied": "s3:GetObject", "InvalidObjectState": "restore the object"} {
		b.Fault(func(action string, _ int) deliverytest.Fault {
			if action == "LIST" {
				return deliverytest.Fault{}
			}
			return deliverytest.Fault{Status: 403, Code: code}
		})
		var gaps []audit.Gap
		for batch, err := range s.Read(t.Context(), testWindow(), audit.Cursor{}) {
			if err != nil {
				t.Fatal(err)
			}
			gaps = append(gaps, batch.Gaps...)
		}
		if len(gaps) != 2 {
			t.Fatalf("%+v", gaps)
		}
		for i, name := range []string{"m-1.ipm", "m-2.ipm.gz"} {
			if g := gaps[i]; g.Reason != "read "+name+": get s3://inbox/in/"+name+": "+code || !strings.Contains(g.Remedy, want) {
				t.Errorf("%+v", g)
			}
		}
	}
}

// TestLargeFilesAreReadAgain: whatever is kept in memory, the same lines come.
func TestLargeFilesAreReadAgain(t *testing.T) {
	f := newFolder(t)
	f.write("m-1.ipm", ipmtest.Good(2100, false, false))
	var passes int
	s := f.source()
	s.Decode = func(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
		passes++
		return ipm.Decode(c, name, feed, yield)
	}
	want := read(s)
	for buffer, n := range map[int]int{0: 1, 2100: 1, 2099: 2, 1: 2, -1: 2} {
		s.Buffer, passes = buffer, 0
		if got := read(s); !reflect.DeepEqual(got, want) || passes != n {
			t.Errorf("buffer %d: %d lines, %d passes", buffer, len(got.lines), passes)
		}
	}
}

// TestSameNameInTwoFolders: lines are told apart by the names of their files.
func TestSameNameInTwoFolders(t *testing.T) {
	b := deliverytest.NewBucket(t)
	b.Put("in/one/m-1.ipm", []byte("x 0 2026-11-17 one"), time.Time{})
	b.Put("in/two/m-1.ipm", []byte("x 0 2026-11-18 two"), time.Time{})
	s := newFolder(t).source()
	p, err := delivery.NewS3(b.Client(), "s3://inbox/in/*/m-*", delivery.S3Limits{})
	if err != nil {
		t.Fatal(err)
	}
	s.Place, s.Decode = p, numbering
	read(s).expect(t, 1, []string{"m-1.ipm differs from m-1.ipm under the same name and was not used"}, []string{"file.duplicate m-1.ipm"},
		[]string{"m-1.ipm accepted", "m-1.ipm duplicate"})
}
