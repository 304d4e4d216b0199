package awscall_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/awscall"
)

var errOver = errors.New("over")

func begin(told func(time.Time)) *awscall.Calls {
	return awscall.Begin(awscall.Limits{
		Retries: 4, Backoff: time.Second, Slowest: 4 * time.Second, Timeout: 10 * time.Second, Budget: time.Minute, Over: errOver,
	}, told)
}

func refusal(code string) error { return &smithy.GenericAPIError{Code: code} }

func TestDoRepeatsWhatMayPassWithADoublingDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := begin(func(time.Time) { t.Error("there was no answer") })
		throttled, began, calls := 0, time.Now(), 0
		c.Throttled = func() { throttled++ }
		err := c.Do(t.Context(), func(context.Context) (middleware.Metadata, error) {
			calls++
			return middleware.Metadata{}, refusal("ThrottlingException")
		})
		if took := time.Since(began); calls != 5 || throttled != 5 || took != (1+2+4+4)*time.Second || awscall.Code(err) != "ThrottlingException" {
			t.Errorf("%d calls, %d told, %s, %v", calls, throttled, took, err)
		}
	})
}

func TestDoDoesNotRepeatARefusal(t *testing.T) {
	calls := 0
	err := begin(nil).Do(t.Context(), func(context.Context) (middleware.Metadata, error) {
		calls++
		return middleware.Metadata{}, refusal("AccessDeniedException")
	})
	if calls != 1 || !awscall.Denied(err) {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestASilentEndpointIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, calls := begin(nil), 0
		silent := func(ctx context.Context) (middleware.Metadata, error) {
			calls++
			<-ctx.Done()
			return middleware.Metadata{}, ctx.Err()
		}
		for range 3 {
			if err := c.Do(t.Context(), silent); !errors.Is(err, awscall.ErrSilent) {
				t.Error(err)
			}
		}
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}

func TestACallThatIsCalledOffSaysNothingOfTheEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, told := begin(nil), 0
		c.Answered = func(time.Time) { told++ }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := c.Do(ctx, func(ctx context.Context) (middleware.Metadata, error) {
			<-ctx.Done()
			return middleware.Metadata{}, ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := c.Do(t.Context(), func(context.Context) (m middleware.Metadata, err error) { return m, nil }); err != nil || told != 0 {
			t.Errorf("%v, told %d times of an answer without a moment", err, told)
		}
	})
}

func TestTheBudgetIsForAllCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := begin(nil)
		time.Sleep(61 * time.Second)
		err := c.Do(t.Context(), func(context.Context) (middleware.Metadata, error) {
			t.Error("called")
			return middleware.Metadata{}, nil
		})
		if !errors.Is(err, errOver) {
			t.Error(err)
		}
	})
}

func TestTransient(t *testing.T) {
	proxy := &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusBadGateway}}, Err: refusal("Strange")}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"throttled":        {refusal("ProvisionedThroughputExceededException"), true},
		"its key":          {refusal("KMSThrottlingException"), true},
		"server":           {refusal("InternalServerError"), true},
		"fault":            {&smithy.GenericAPIError{Code: "Odd", Fault: smithy.FaultServer}, true},
		"proxy":            {proxy, true},
		"no answer":        {errors.New("connection reset"), true},
		"refused":          {refusal("AccessDeniedException"), false},
		"silent":           {awscall.ErrSilent, false},
		"called off":       {context.Canceled, false},
		"no credentials":   {errors.New("get identity: get credentials: none"), false},
		"no such resource": {refusal("ResourceNotFoundException"), false},
	} {
		if got := awscall.Transient(c.err); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err            error
		reason, remedy string
	}{
		{errors.New("get credentials: none"), "Scan of keys was not sent: no AWS credentials were found", "set AWS_PROFILE or the AWS_ variables, or give this process a role"},
		{refusal("ExpiredTokenException"), "Scan of keys was refused: ExpiredTokenException", "give this process valid AWS credentials"},
		{refusal("AccessDenied"), "Scan of keys was refused: AccessDenied", ""},
		{errors.New("connection reset"), "", ""},
	} {
		if reason, remedy := awscall.Explain(c.err, "Scan of keys"); reason != c.reason || remedy != c.remedy {
			t.Errorf("%v: %q, %q", c.err, reason, remedy)
		}
	}
}
