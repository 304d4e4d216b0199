package inventory

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/awscall"
	"parallax/internal/record"
)

// Live asks a bucket itself, for what no inventory tells or tells too late. Every call is a read, paced to Rate requests a
// second and slower where S3 says SlowDown. Its methods may be called at the same time; a Live is not copied once it is used.
//
// A bucket that has not answered several times in a row is not asked again: what is wrong with it is said at once, and ten
// thousand keys do not wait for ten thousand timeouts.
type Live struct {
	Region   audit.Region
	Bucket   string
	Client   Client        // a client for Region; what may pass is asked again by its own retries
	Rate     int           // requests a second; 50 where zero
	Timeout  time.Duration // of one request with the client's retries; 30 s where zero
	Retries  int           // attempts beyond the first of a request that was refused for being too many; 4 where zero
	MaxPages int           // pages of one listing of a prefix; 5,000 where zero

	once sync.Once
	pace *pace

	mu     sync.Mutex
	failed map[string]failures // by IAM action
	clock  time.Time           // the newest moment an answer was given
}

// failures are requests in a row that came to nothing.
type failures struct {
	n    int
	last error
}

// inARow is how many requests in a row may come to nothing before the bucket is not asked any more.
const inARow = 5

// Clock is the moment of the newest answer by the server's clock; zero before the first.
func (l *Live) Clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clock
}

// ask makes a request that needs an IAM action, at the pace and again where it came too fast. It returns when the answer
// was given. Its errors are those of ctx, and askedError.
func (l *Live) ask(ctx context.Context, action string, call func(context.Context) (middleware.Metadata, error)) (time.Time, error) {
	l.once.Do(func() { l.pace = newPace(cmp.Or(l.Rate, 50)) })
	if err := l.lost(action); err != nil {
		return time.Time{}, err
	}
	for attempt := 0; ; attempt++ {
		if err := l.pace.wait(ctx); err != nil {
			return time.Time{}, err
		}
		metadata, err := l.bounded(ctx, call)
		l.pace.heard(metadata, err)
		switch {
		case err == nil:
			return l.answered(action, metadata), nil
		case ctx.Err() != nil:
			return time.Time{}, context.Cause(ctx)
		case !tooFast(err) || attempt == cmp.Or(l.Retries, 4):
			return time.Time{}, l.refused(&askedError{action: action, cause: err})
		}
	}
}

func (l *Live) bounded(ctx context.Context, call func(context.Context) (middleware.Metadata, error)) (middleware.Metadata, error) {
	within, cancel := context.WithTimeout(ctx, l.timeout())
	defer cancel()
	return call(within)
}

func (l *Live) timeout() time.Duration { return cmp.Or(l.Timeout, 30*time.Second) }

func (l *Live) lost(action string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.failed[action]; f.n >= inARow {
		return f.last
	}
	return nil
}

func (l *Live) answered(action string, metadata middleware.Metadata) time.Time {
	at, ok := awsmiddleware.GetServerTime(metadata)
	if !ok {
		at, _ = awsmiddleware.GetResponseAt(metadata)
	}
	at = at.UTC()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failed, action)
	if at.After(l.clock) {
		l.clock = at
	}
	return at
}

// refused counts what came to nothing; that an object is not there is an answer.
func (l *Live) refused(err *askedError) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if absent(err) {
		delete(l.failed, err.action)
		return err
	}
	if err.action == actionHead && ofOneObject(err) {
		return err
	}
	if l.failed == nil {
		l.failed = map[string]failures{}
	}
	l.failed[err.action] = failures{l.failed[err.action].n + 1, err}
	return err
}

// absent reports whether an error says that an object or version is not there, or is a delete marker: 405 answers a HEAD of a
// marker by its id.
// Source: Amazon S3 User Guide, "Working with delete markers".
func absent(err error) bool {
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil || awscall.Code(err) == "NoSuchBucket" {
		return false
	}
	return answer.HTTPStatusCode() == http.StatusNotFound || answer.Response.Header.Get("X-Amz-Delete-Marker") == "true"
}

// ofOneObject reports whether an answer to a HEAD says nothing of other objects: what is encrypted under a customer's key answers
// 400 to all who do not show it, and a policy may keep single objects from being read. Such an answer comes at once.
// Source: Amazon S3 API reference, HeadObject.
func ofOneObject(err error) bool {
	var answer *awshttp.ResponseError
	return errors.As(err, &answer) && (answer.HTTPStatusCode() == http.StatusBadRequest || answer.HTTPStatusCode() == http.StatusForbidden)
}

// Head asks for one version: replication status, encryption, storage class, size, ETag and the checksum of its content, as
// "algorithm type value" (none where only those who may decrypt it are told). An empty version is the null version. A delete
// marker is found and is as its listing says. Whether a version is the latest is not said otherwise: Versions tells. That none
// is found is said only if a listing agrees, for a HEAD gives the same answer where the bucket is not there.
// Source: Amazon S3 API reference, HeadObject.
func (l *Live) Head(ctx context.Context, key, version string) (record.Object, bool, error) {
	in := &s3.HeadObjectInput{
		Bucket: &l.Bucket, Key: &key, VersionId: aws.String(cmp.Or(version, "null")), ChecksumMode: types.ChecksumModeEnabled,
	}
	out, at, err := l.head(ctx, in)
	if err != nil && denied(err) {
		in.ChecksumMode = ""
		out, at, err = l.head(ctx, in)
	}
	switch {
	case err == nil:
		o := headed(out)
		o.Region, o.Bucket, o.Key, o.VersionID, o.SeenAt, o.Live = l.Region, l.Bucket, key, version, at, true
		return o, true, nil
	case absent(err):
		return l.confirm(ctx, key, version)
	default:
		return record.Object{}, false, err
	}
}

func (l *Live) head(ctx context.Context, in *s3.HeadObjectInput) (out *s3.HeadObjectOutput, at time.Time, err error) {
	at, err = l.ask(ctx, actionHead, func(ctx context.Context) (m middleware.Metadata, err error) {
		if out, err = l.Client.HeadObject(ctx, in); err == nil {
			m = out.ResultMetadata
		}
		return m, err
	})
	return out, at, err
}

// confirm looks a version up in the listing of its key: a delete marker, or none.
func (l *Live) confirm(ctx context.Context, key, version string) (record.Object, bool, error) {
	versions, err := l.Versions(ctx, key)
	if err != nil {
		return record.Object{}, false, err
	}
	for _, o := range versions {
		switch {
		case o.VersionID != version:
		case o.DeleteMarker:
			return o, true, nil
		default:
			return record.Object{}, false, &askedError{action: actionHead, cause: &damageError{"lists a version that it does not find"}}
		}
	}
	return record.Object{}, false, nil
}
