// Plug-ins for tests, made with DPF: well-behaved ones, and one that does on demand what plug-ins should not.
#include "DistrhoPlugin.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

START_NAMESPACE_DISTRHO

static const uint32_t LATE = 100;  // frames of latency, which it reports
static const uint32_t ECHO = 9600; // frames between echoes
enum { GAIN, CUTOFF, FEEDBACK, MOOD, TAME_PARAMETERS };
static const char* const MOODS[] = {"Good", "Crash", "Hang", "Exit", "Print", "Not a number"};
static const uint32_t COUNT = VARIANT == TAME ? TAME_PARAMETERS : VARIANT == MANY ? 128 : 1;

class TestPlugin : public Plugin {
public:
    TestPlugin() : Plugin(COUNT, 0, 0) {
        for (uint32_t i = 0; i < COUNT; ++i) { Parameter p; initParameter(i, p); values[i] = p.ranges.def; }
#if VARIANT == TAME
        setLatency(LATE);
#endif
    }

protected:
    const char* getLabel() const override { return DISTRHO_PLUGIN_NAME; }
    const char* getMaker() const override { return "Wavewright tests"; }
    const char* getLicense() const override { return "GPL-3.0-or-later"; }
    uint32_t getVersion() const override { return d_version(1, 2, 3); }
    int64_t getUniqueId() const override { return d_cconst('W', 'w', 'T', '0' + VARIANT); }

    void initParameter(uint32_t i, Parameter& p) override {
        p.hints = kParameterIsAutomatable;
        p.ranges = ParameterRanges(0, -24, 24);
        p.name = "Gain";
        p.unit = "dB";
        if (VARIANT == MANY) {
            char name[16];
            std::snprintf(name, sizeof(name), "Band %u", i + 1);
            p.name = name;
        } else if (i == CUTOFF) {
            p.name = "Cut-off";
            p.unit = "Hz";
            p.hints |= kParameterIsLogarithmic;
            p.ranges = ParameterRanges(1000, 20, 20000);
        } else if (i == FEEDBACK) {
            p.name = "Feedback";
            p.unit = "";
            p.ranges = ParameterRanges(0, 0, 0.9f);
        } else if (i == MOOD) {
            p.name = "Mood";
            p.unit = "";
            p.hints |= kParameterIsInteger;
            p.ranges = ParameterRanges(0, 0, 5);
            p.enumValues.count = 6;
            p.enumValues.restrictedMode = true;
            p.enumValues.values = new ParameterEnumerationValue[6];
            for (int mood = 0; mood < 6; ++mood) { p.enumValues.values[mood].label = MOODS[mood]; p.enumValues.values[mood].value = mood; }
        }
        p.symbol = String("p") + String(int(i));
    }

    float getParameterValue(uint32_t i) const override { return values[i]; }
    void setParameterValue(uint32_t i, float value) override { values[i] = value; }

#if VARIANT == SYNTH
    void run(const float**, float** out, uint32_t frames, const MidiEvent*, uint32_t) override {
        for (uint32_t at = 0; at < frames; ++at) out[0][at] = out[1][at] = 0;
    }
#else
    void activate() override {
        for (int c = 0; c < CHANNELS; ++c) { for (float& x : line[c]) x = 0; for (float& x : echo[c]) x = 0; }
    }

    void run(const float** in, float** out, uint32_t frames) override {
        if (VARIANT == TAME) misbehave(int(values[MOOD] + 0.5f));
        const float gain = std::pow(10.f, values[GAIN] / 20), feedback = VARIANT == TAME ? values[FEEDBACK] : 0;
        const float bad = VARIANT == TAME && int(values[MOOD] + 0.5f) == 5 ? NAN : 0;
        for (uint32_t at = 0; at < frames; ++at) {
            for (int c = 0; c < CHANNELS; ++c) {
                const float now = in[c][at] * gain + feedback * echo[c][place];
                echo[c][place] = now;
                out[c][at] = (VARIANT == TAME ? line[c][at_line] : now) + bad;
                line[c][at_line] = now;
            }
            place = (place + 1) % ECHO;
            at_line = (at_line + 1) % LATE;
        }
    }

    void misbehave(int mood) {
        if (mood == 1) std::abort();
        while (mood == 2) ::sleep(1);
        if (mood == 3) ::_exit(0);
        if (mood == 4) { std::printf("{\"garbage\": true}\n"); std::fflush(stdout); char c; (void)!::read(0, &c, 1); }
    }

    float line[2][LATE] = {}, echo[2][ECHO] = {};
    uint32_t place = 0, at_line = 0;
#endif
    float values[128] = {};
};

Plugin* createPlugin() { return new TestPlugin; }

END_NAMESPACE_DISTRHO
