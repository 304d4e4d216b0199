package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"parallax/internal/archive"
	"parallax/internal/archive/s3place"
	"parallax/internal/audit"
)

// place is where the change archive lies.
func (a *App) place() archive.Place {
	bucket, prefix, err := a.cfg.Archive.Bucket()
	if err != nil || bucket == "" { // the configuration was checked
		return archive.Folder(a.cfg.Archive.Dir)
	}
	region := a.cfg.Archive.Region
	if region == "" {
		region = a.cfg.Regions[0]
	}
	return s3place.New(a.aws.s3(region), bucket, prefix, archiveTimeout)
}

// scratch is the folder for temporary files, "" for the system's where data_dir cannot hold one.
func (a *App) scratch() string {
	dir := filepath.Join(a.cfg.DataDir, "tmp")
	if os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	return dir
}

// archiveTimeout is the time allowed for one file of an archive on S3.
const archiveTimeout = 2 * time.Minute

// sweepAge is how old a file that no capture has committed must be before it is taken for what a killed one left behind.
// No capture runs for so long.
const sweepAge = 24 * time.Hour

// tidy forgets what is older than the archive's retention and removes the files that the store does not name. What cannot
// be removed now is tried again after the next capture.
func (a *App) tidy(ctx context.Context, asOf time.Time, captured []audit.Coverage) {
	place, manifest := a.place(), a.store.KnownSegments
	if now, known := reliableNow(minTime(asOf, time.Now()), captured); known && a.cfg.Archive.Retention > 0 {
		names, err := a.store.ForgetSegments(ctx, now.Add(-a.cfg.Archive.Retention))
		if err == nil {
			names, err = archive.Remove(ctx, place, manifest, names)
		}
		a.swept("segments past archive.retention", len(names), err)
	}
	swept, err := archive.Sweep(ctx, place, manifest, time.Now().Add(-sweepAge)) // files are dated by the clock of their place
	a.swept("segments that no capture committed", len(swept.Removed), err)
	for _, left := range swept.Left {
		a.log.Warn("files of the archive left alone", zap.String("prefix", left.Prefix), zap.Int("files", left.Files), zap.String("reason", left.Reason))
	}
}

// reliableNow is the moment by which the age of the archive is told: the one given, or what is earlier, the time to which
// the streams were read. The clocks of their services bound it, so neither a moment in the future nor a host's clock that
// runs ahead makes anything old. It is not known where a stream was not read to its end.
func reliableNow(moment time.Time, captured []audit.Coverage) (time.Time, bool) {
	for _, c := range captured {
		switch {
		case !c.Watermark.IsZero():
			moment = minTime(moment, c.Watermark)
		case !c.Window.Empty(): // an empty one was captured beyond the moment already
			return time.Time{}, false
		}
	}
	return moment, true
}

func (a *App) swept(what string, n int, err error) {
	if err != nil {
		a.log.Warn("tidy the archive", zap.Error(err))
	}
	if n > 0 {
		a.log.Info(fmt.Sprintf("removed %d %s from the archive", n, what))
	}
}
