// What DPF is told of each of the plug-ins in plugin.cpp: VARIANT is one of them.
#pragma once

#define TAME 1   // stereo: gain, echo, latency, and misbehaviour on demand
#define MANY 2   // 128 parameters
#define MONO 3   // one channel in and out
#define SYNTH 4  // an instrument

#if VARIANT == TAME
#define DISTRHO_PLUGIN_NAME "Tame"
#define DISTRHO_PLUGIN_UNIQUE_ID WwTa
#define DISTRHO_PLUGIN_WANT_LATENCY 1
#elif VARIANT == MANY
#define DISTRHO_PLUGIN_NAME "Many"
#define DISTRHO_PLUGIN_UNIQUE_ID WwMa
#elif VARIANT == MONO
#define DISTRHO_PLUGIN_NAME "Mono"
#define DISTRHO_PLUGIN_UNIQUE_ID WwMo
#else
#define DISTRHO_PLUGIN_NAME "Synth"
#define DISTRHO_PLUGIN_UNIQUE_ID WwSy
#define DISTRHO_PLUGIN_IS_SYNTH 1
#define DISTRHO_PLUGIN_WANT_MIDI_INPUT 1
#endif

#define CHANNELS (VARIANT == MONO ? 1 : 2)
#if VARIANT == SYNTH
#define DISTRHO_PLUGIN_NUM_INPUTS 0
#else
#define DISTRHO_PLUGIN_NUM_INPUTS CHANNELS
#endif
#define DISTRHO_PLUGIN_NUM_OUTPUTS CHANNELS
#define DISTRHO_PLUGIN_BRAND "Wavewright tests"
#define DISTRHO_PLUGIN_BRAND_ID WwTs
#define DISTRHO_PLUGIN_URI "urn:wavewright:tests:" DISTRHO_PLUGIN_NAME
#define DISTRHO_PLUGIN_HAS_UI 0
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
