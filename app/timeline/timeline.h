// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline.h - the film as one immutable value: which shot shows which of its frames when, how shots blend,
// and what sounds beside them. Made from a project on the main thread after each edit, then read by any
// thread; an older one that is still playing or being exported stays as it was.
//
// Units      frames of the timeline count from 0 at `fps`; times in seconds; gains in decibels.
// Fields     of a shot (JSON, all optional): "dissolve", "fade_in", "fade_out" (seconds; dissolve is the overlap
//            with the shot before), "gain_db", "mute", "sound_fade_in", "sound_fade_out", "crop_x", "crop_y"
//            (0 to 1: which part stays when the picture is wider or taller than the film).
// Project    values: "film" {"aspect", "width", "height", "fps"}, "sound" [{"id", "media", "at", "in", "out",
//            "gain_db", "fade_in", "fade_out", "mute"}], "markers" [{"at", "text"}]. `media` is a file in the
//            project's media folder (media.h). film-edit.h changes them.
#pragma once
#include "project/project.h"
#include "timeline/media.h"

G_BEGIN_DECLS

#define RUSHES_TIMELINE_RATE     48000 // samples a second of the mixed sound
#define RUSHES_TIMELINE_CHANNELS 2

// One shot in its place.
typedef struct RushesCut {
    char *id;
    RushesFrameSource *source; // NULL when the take is gone: shown as stripes, and silent
    RushesFrameFormat format;  // of the source when the timeline was made
    int in, out;               // source frames, both included
    int start, length;         // timeline frames
    int dissolve;              // frames at the start that overlap the cut before
    int fade_in, fade_out;     // frames from and to black
    double gain;               // factor
    double sound_fade_in, sound_fade_out; // seconds
    double crop_x, crop_y;
    gboolean mute;
    char *problem; // a sentence about what of it cannot be shown, or NULL
} RushesCut;

// One piece of the second sound lane.
typedef struct RushesSoundClip {
    char *id;
    char *name;         // for sentences: what the creator knows it by
    RushesMedia *media; // NULL when the file is gone
    double at;          // seconds from the film's start
    double in, out;     // seconds of the media
    double gain;        // factor
    double fade_in, fade_out;
    gboolean mute;
    char *problem; // a sentence about what of it cannot be heard, or NULL
} RushesSoundClip;

typedef struct RushesTimeline {
    gatomicrefcount references;
    int width, height;
    double fps;
    int frames;       // length of the film
    GPtrArray *cuts;  // RushesCut, in order
    GPtrArray *sound; // RushesSoundClip
} RushesTimeline;

// The project as it stands. Never fails: what cannot be read is striped and silent, and `problems` (may be
// NULL) receives a sentence for each such thing.
RushesTimeline *rushes_timeline_new(RushesProject *project, GPtrArray *problems);
// The same film on another canvas: for previews and exports of other aspects. `fps` 0 keeps the rate.
RushesTimeline *rushes_timeline_with_canvas(RushesProject *project, int width, int height,
                                            double fps, GPtrArray *problems);
// Whether all of the film can be shown and heard: FALSE with the sentence about the first thing that cannot.
gboolean rushes_timeline_check(const RushesTimeline *timeline, GError **error);
// How long the film is, dissolves counted once.
double rushes_timeline_get_seconds(const RushesTimeline *timeline);
RushesTimeline *rushes_timeline_ref(RushesTimeline *timeline);
void rushes_timeline_unref(RushesTimeline *timeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesTimeline, rushes_timeline_unref)

// The cut that shows `frame`, the later one where two overlap; -1 past the end.
int rushes_timeline_find_cut(const RushesTimeline *timeline, int frame);
// The source frame that `cut` shows at that timeline frame, within [in, out].
int rushes_cut_source_frame(const RushesTimeline *timeline, const RushesCut *cut, int frame);
// A canvas for an aspect ("16:9", "9:16", "1:1", or NULL for the takes' own) that is as large as the first shot's
// picture allows; both sides even.
void rushes_timeline_canvas_for_aspect(RushesProject *project, const char *aspect, int *width,
                                       int *height);

G_END_DECLS
