package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/audit"
)

var midnight = time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)

// depot is an inventory bucket in memory that answers ranges and conditions as S3 does.
type depot struct {
	Client

	mu      sync.Mutex
	objects map[string][]byte
	gets    []string // key and range of each GET
	// before is asked before each GET is answered; cut breaks the body off after so many bytes.
	before func(key, span string) (cut int, err error)
}

func newDepot() *depot { return &depot{objects: map[string][]byte{}} }

func (d *depot) source() Source {
	return Source{Region: "eu-west-1", Bucket: "b", Inventory: Location{Bucket: "d", ID: "daily"}, Client: d, AsOf: midnight.Add(8 * time.Hour)}
}

// publish writes an inventory that was begun at a moment.
func (d *depot) publish(t testing.TB, at time.Time, format, schema string, bodies ...[]byte) {
	t.Helper()
	m := map[string]any{
		"sourceBucket": "b", "destinationBucket": "arn:aws:s3:::d", "version": "2016-11-30",
		"creationTimestamp": strconv.FormatInt(at.UnixMilli(), 10), "fileFormat": format, "fileSchema": schema,
	}
	files := []any{}
	for i, body := range bodies {
		key := fmt.Sprintf("b/daily/data/%s-%d", at.Format(stampLayout), i)
		d.put(key, body)
		files = append(files, map[string]any{"key": key, "size": len(body), "MD5checksum": md5Hex(body)})
	}
	m["files"] = files
	body := must(json.Marshal(m))(t)
	folder := "b/daily/" + at.Format(stampLayout) + "/"
	d.put(folder+"manifest.json", body)
	d.put(folder+"manifest.checksum", []byte(md5Hex(body)+"\n"))
}

func (d *depot) put(key string, body []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.objects[key] = body
}

// fetched is how many GETs there were of keys with a part.
func (d *depot) fetched(part string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, g := range d.gets {
		if strings.Contains(g, part) {
			n++
		}
	}
	return n
}

func (d *depot) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := &s3.ListObjectsV2Output{}
	seen := map[string]bool{}
	for key := range d.objects {
		rest, below := strings.CutPrefix(key, *in.Prefix)
		folder, _, deep := strings.Cut(rest, "/")
		if below && deep && !seen[folder] {
			seen[folder] = true
			out.CommonPrefixes = append(out.CommonPrefixes, types.CommonPrefix{Prefix: aws.String(*in.Prefix + folder + "/")})
		}
	}
	return out, nil
}

func (d *depot) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	key, span := *in.Key, aws.ToString(in.Range)
	cut := -1
	d.mu.Lock()
	d.gets = append(d.gets, key+" "+span)
	before := d.before
	d.mu.Unlock()
	if before != nil {
		var err error
		if cut, err = before(key, span); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	d.mu.Lock()
	body, ok := d.objects[key]
	d.mu.Unlock()
	if !ok {
		return nil, &types.NoSuchKey{}
	}
	tag := `"` + md5Hex(body) + `"`
	if in.IfMatch != nil && *in.IfMatch != tag {
		return nil, refusal(http.StatusPreconditionFailed, "PreconditionFailed")
	}
	out := &s3.GetObjectOutput{ETag: &tag}
	if span != "" {
		var from, to int
		if _, err := fmt.Sscanf(span, "bytes=%d-%d", &from, &to); err != nil || from >= len(body) {
			return nil, refusal(http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
		}
		to = min(to, len(body)-1)
		out.ContentRange = aws.String(fmt.Sprintf("bytes %d-%d/%d", from, to, len(body)))
		body = body[from : to+1]
	}
	out.ContentLength = aws.Int64(int64(len(body)))
	var from io.Reader = bytes.NewReader(body)
	if cut >= 0 && cut < len(body) {
		from = io.MultiReader(bytes.NewReader(body[:cut]), failing{})
	}
	out.Body = io.NopCloser(from)
	return out, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

func refusal(status int, code string) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code, Message: "no"},
	}}
}

// listed is what came of a list.
type listed struct {
	rows    []string // as texts, sorted
	extents []audit.Extent
	gaps    []audit.Gap
}

// textOf is all that a row says.
func textOf(r *Rows, i int) string {
	o := r.Object(i)
	return fmt.Sprintf("%q %q %t %t %d %s %q %s %s %s %t %s", o.Key, o.VersionID, o.IsLatest, o.DeleteMarker, o.Size,
		o.LastModified.Format(csvTime), o.ETag, o.StorageClass, o.ReplicationStatus, o.Encryption, o.Multipart, o.ChecksumAlgorithm)
}

// readAll finds the list of a source and scans all its parts, one after the other.
func readAll(t *testing.T, s Source) listed {
	t.Helper()
	list, gaps, err := s.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := listed{gaps: gaps}
	if list == nil {
		return out
	}
	for _, p := range list.Parts() {
		if err := p.Scan(t.Context(), func(r *Rows) error {
			for i := range r.Len {
				out.rows = append(out.rows, textOf(r, i))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	extents, _, more := list.Coverage()
	out.extents, out.gaps = extents, append(out.gaps, more...)
	slices.Sort(out.rows)
	if err := list.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// gapOf checks that there is one gap, that it says something, has a remedy and hides something.
func gapOf(t *testing.T, got listed, says string) {
	t.Helper()
	if len(got.gaps) != 1 {
		t.Fatalf("%d gaps, want one that says %q: %+v", len(got.gaps), says, got.gaps)
	}
	if g := got.gaps[0]; !strings.Contains(g.Reason, says) || g.Remedy == "" || g.Window.Empty() {
		t.Errorf("gap %+v does not say %q with a remedy", g, says)
	}
}
